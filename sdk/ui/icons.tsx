import type { ComponentChildren } from 'preact';

/** Drawn for these pages, in the colour of the text around them; none says anything that words do not. */
function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const CopyIcon = () => (
  <Icon>
    <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m3 8.5 3.2 3.2L13 4.6" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m3.5 3.5 9 9m0-9-9 9" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm3.3 7.8 3.4 3.4" />
  </Icon>
);

export const SystemThemeIcon = () => (
  <Icon>
    <path d="M2 3h12v8H2zm4 10.5h4M8 11v2.5" />
  </Icon>
);

export const LightThemeIcon = () => (
  <Icon>
    <path d="M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3.1 3.1l1.1 1.1m7.6 7.6 1.1 1.1m0-9.8-1.1 1.1m-7.6 7.6-1.1 1.1" />
  </Icon>
);

export const DarkThemeIcon = () => (
  <Icon>
    <path d="M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2Z" />
  </Icon>
);

/** The project's mark: three nodes on a ring. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <circle cx="16" cy="16" r="11" class="mark-ring" />
    <circle cx="16" cy="5" r="4" class="mark-node" />
    <circle cx="25.5" cy="21.5" r="4" class="mark-node" />
    <circle cx="6.5" cy="21.5" r="4" class="mark-node" />
  </svg>
);
