const STORAGE_KEY = 'bcdn-desk-token';
const FRAGMENT = /^#token=([\w-]{1,128})$/;

/** Moves the token from the address, where it would stay in the history, to the memory of this tab. */
export function takeToken(): void {
  const [, token] = FRAGMENT.exec(location.hash) ?? [];
  if (token === undefined) return;
  sessionStorage.setItem(STORAGE_KEY, token);
  history.replaceState(null, '', location.pathname);
}

/** The token of this tab; no browser sends it by itself, as it would a cookie. */
export function tokenOfTab(): string {
  return sessionStorage.getItem(STORAGE_KEY) ?? '';
}
