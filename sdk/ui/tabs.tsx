import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

import { tabAfterKey } from './tab-keys.ts';

export interface Tab {
  readonly id: string;
  readonly label: string;
  /** Drawn only while the tab is chosen. */
  readonly panel: () => ComponentChildren;
}

interface TabsProps {
  /** What the tabs divide. */
  readonly label: string;
  readonly tabs: readonly Tab[];
  /** Id of the chosen tab; one that is none of them chooses the first. */
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

/** Tabs by the rules for assistive technology: one stop of Tab, arrow keys between them. */
export function Tabs({ label, tabs, chosen, onChoose }: TabsProps) {
  const prefix = useId();
  const list = useRef<HTMLDivElement>(null);
  const index = Math.max(
    0,
    tabs.findIndex(({ id }) => id === chosen),
  );
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = tabAfterKey(event.key, index, tabs.length);
    const tab = next === undefined ? undefined : tabs[next];
    if (tab === undefined) return;
    event.preventDefault();
    onChoose(tab.id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next ?? 0]?.focus();
  };
  const shown = tabs[index];
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab, position) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${prefix}-${tab.id}`}
            aria-selected={position === index}
            aria-controls={`${prefix}-panel`}
            tabIndex={position === index ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      {shown !== undefined && (
        <div
          role="tabpanel"
          id={`${prefix}-panel`}
          aria-labelledby={`${prefix}-${shown.id}`}
          tabIndex={0}
          key={shown.id}
        >
          {shown.panel()}
        </div>
      )}
    </div>
  );
}
