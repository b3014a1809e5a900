/** A wallet's own interface (EIP-1193). */
export interface Eip1193Provider {
  request(request: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
  on?(event: string, listener: (...values: unknown[]) => void): void;
  removeListener?(event: string, listener: (...values: unknown[]) => void): void;
}

/** A wallet that announced itself (EIP-6963). */
export interface AnnouncedWallet {
  readonly name: string;
  /** Reverse domain name: the same in every session, so the choice is remembered by it. */
  readonly rdns: string;
  /** A data: URL of an image, or none. */
  readonly icon: string | undefined;
  readonly provider: Eip1193Provider;
}

/** Most wallets that are listed; a page full of announcements is no list any more. */
export const MAX_ANNOUNCED_WALLETS = 32;
/** Longest icon that is shown, characters. */
const MAX_ICON_LENGTH = 131_072;
const MAX_NAME_LENGTH = 64;
const RDNS = /^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/;
/** The specification asks for data: URLs; anything else would tell another host who visits. */
const ICON = /^data:image\/(?:png|webp|jpeg|gif|svg\+xml)[;,]/;

/** Reads an announcement, which any script of the page can make; undefined for one that is not as specified. */
export function announcedWallet(detail: unknown): AnnouncedWallet | undefined {
  const info = fieldOf(detail, 'info');
  const provider = fieldOf(detail, 'provider');
  const [name, rdns, icon] = [fieldOf(info, 'name'), fieldOf(info, 'rdns'), fieldOf(info, 'icon')];
  if (typeof name !== 'string' || typeof rdns !== 'string' || !RDNS.test(rdns)) return undefined;
  if (!isProvider(provider)) return undefined;
  const usesIcon = typeof icon === 'string' && icon.length <= MAX_ICON_LENGTH && ICON.test(icon);
  const shown = name.trim().slice(0, MAX_NAME_LENGTH);
  return { name: shown === '' ? rdns : shown, rdns, icon: usesIcon ? icon : undefined, provider };
}

/** A list with one more wallet; one that announces itself again is the same wallet. */
export function withWallet(
  known: readonly AnnouncedWallet[],
  wallet: AnnouncedWallet,
): readonly AnnouncedWallet[] {
  if (known.some(({ rdns, provider }) => rdns === wallet.rdns && provider === wallet.provider)) return known;
  const others = known.filter(({ rdns }) => rdns !== wallet.rdns);
  return others.length >= MAX_ANNOUNCED_WALLETS ? known : [...others, wallet];
}

function isProvider(value: unknown): value is Eip1193Provider {
  return typeof value === 'object' && value !== null && typeof fieldOf(value, 'request') === 'function';
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
