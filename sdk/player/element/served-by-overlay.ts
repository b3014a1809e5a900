import type { ViewReport } from '../engine/view-report.ts';
import { element } from './dom-element.ts';
import { overlayModel, type OverlayRow } from './overlay-model.ts';

const COLUMNS = ['Node', 'Region', 'Rate', 'Bytes', 'Blocks'] as const;

/** Shows who serves a view and who was dropped, and why. */
export class ServedByOverlay {
  readonly root = element('section', { class: 'overlay', part: 'overlay', 'aria-label': 'Served by' });
  readonly #headline = element('h2', {}, ['Starting']);
  readonly #rows = element('tbody', {});
  readonly #notes = element('div', {});
  #told = '';

  constructor() {
    const head = element(
      'tr',
      {},
      COLUMNS.map((name, index) =>
        element('th', { scope: 'col', ...(index > 1 && { class: 'figure' }) }, [name]),
      ),
    );
    const caption = element('caption', {}, ['Nodes that serve this content']);
    const table = element('table', {}, [caption, element('thead', {}, [head]), this.#rows]);
    this.root.append(this.#headline, table, this.#notes);
  }

  show(report: ViewReport): void {
    const model = overlayModel(report);
    const text = JSON.stringify(model);
    if (text === this.#told) return;
    this.#told = text;
    this.#headline.textContent = model.headline;
    this.#rows.replaceChildren(...model.rows.flatMap(rowsOf));
    this.#notes.replaceChildren(...model.notes.map((note) => element('p', {}, [note])));
  }
}

function rowsOf(row: OverlayRow): readonly HTMLElement[] {
  const figure = { class: 'figure' };
  const cells = [
    element('td', { title: row.node }, [row.name]),
    element('td', {}, [row.region]),
    ...[row.rate, row.bytes, row.blocks].map((text) => element('td', figure, [text])),
  ];
  const shown = element('tr', { class: row.state, 'data-node': row.node }, cells);
  if (row.note === '') return [shown];
  const reason = element('td', { class: 'reason', colspan: String(COLUMNS.length) }, [row.note]);
  return [shown, element('tr', { 'data-reason': row.node }, [reason])];
}
