import { useEffect, useState } from 'preact/hooks';

import { shortIdentifier } from './figures.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';

/** How long "copied" stays. */
const COPIED_MS = 2_000;

interface IdentifierProps {
  /** Address, hash, deal id or CID. */
  readonly value: string;
  /** Page that tells about it. */
  readonly href?: string | undefined;
  /** What it is, for those who do not see it: `address of the node`. */
  readonly what?: string;
  /** Shows every character. @default false */
  readonly full?: boolean;
}

/** An address, hash or CID: shortened, whole in its title, copied by a button. */
export function Identifier({ value, href, what = 'identifier', full = false }: IdentifierProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      // Without leave to write the clipboard the whole value can still be selected from the page behind the link.
      () => setCopied(false),
    );
  };
  const text = <code>{full ? value : shortIdentifier(value)}</code>;
  return (
    <span class={full ? 'identifier identifier-full' : 'identifier'} title={value}>
      {href === undefined ? text : <a href={href}>{text}</a>}
      <button
        type="button"
        class="icon-button"
        aria-label={`Copy the ${what} ${shortIdentifier(value)}`}
        onClick={copy}
      >
        {copied ? <CheckIcon /> : <CopyIcon />}
      </button>
      <span role="status" class="visually-hidden">
        {copied ? 'Copied' : ''}
      </span>
    </span>
  );
}

/** An address of the chain. */
export function Address(props: Omit<IdentifierProps, 'what'>) {
  return <Identifier {...props} what="address" />;
}
