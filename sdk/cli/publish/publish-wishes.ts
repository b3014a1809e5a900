import { parseAddress } from '../../protocol/identifiers.ts';
import type { PublishRequest } from '../../publish/publish.ts';
import { countOf, daysOf, regionsOf, sizeOf, tokensOf } from '../option-values.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import type { Settings } from '../settings/settings.ts';

const MAX_REPLICAS = 256;
const MAX_SERVICE_LEVEL = 255;

/** Flags that say how widely and for how much. */
export interface WishFlags extends SettingTexts {
  readonly budget?: string;
  readonly days?: string;
  readonly expectedDelivery?: string;
  readonly audience?: string;
  readonly tag?: readonly string[];
  readonly peerPool?: string;
  readonly serviceLevel?: string;
  readonly allowFewer?: boolean;
}

export type Wishes = Pick<
  PublishRequest,
  | 'replicas'
  | 'allowFewer'
  | 'regions'
  | 'budgetWei'
  | 'days'
  | 'expectedDeliveryBytes'
  | 'maxRatePerGiB'
  | 'audienceKey'
  | 'tags'
  | 'peerPoolWei'
  | 'serviceLevel'
>;

/** What was asked for, checked. @throws CliError OPTION_INVALID; ProtocolError ADDRESS_INVALID */
export function wishesOf(flags: WishFlags, settings: Settings): Wishes {
  const optional = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
    text === undefined ? undefined : read(text);
  return {
    replicas: countOf('--replicas', settings.require('replicas'), { min: 1, max: MAX_REPLICAS }),
    // A number that nobody asked for is no need.
    allowFewer: flags.allowFewer === true || !settings.isNamed('replicas'),
    regions: optional(settings.get('regions'), (text) => regionsOf('--regions', text)),
    maxRatePerGiB: optional(settings.get('maxRate'), (text) => tokensOf('--max-rate', text)),
    budgetWei: optional(flags.budget, (text) => tokensOf('--budget', text)),
    days: optional(flags.days, (text) => daysOf('--days', text)),
    expectedDeliveryBytes: optional(flags.expectedDelivery, (text) => sizeOf('--expected-delivery', text)),
    audienceKey: optional(flags.audience, parseAddress),
    tags: flags.tag,
    peerPoolWei: optional(flags.peerPool, (text) => tokensOf('--peer-pool', text)),
    serviceLevel: optional(flags.serviceLevel, (text) =>
      countOf('--service-level', text, { min: 0, max: MAX_SERVICE_LEVEL }),
    ),
  };
}
