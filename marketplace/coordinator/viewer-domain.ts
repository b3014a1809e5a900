import type { Address } from '../../sdk/protocol/identifiers.ts';
import { networkDomainOf, type NetworkDomain } from '../../sdk/protocol/network-domain.ts';
import { ProtocolError } from '../../sdk/protocol/errors.ts';
import type { Sql } from '../database/database.ts';
import { readDomainLabel } from '../database/node-presence.ts';
import { findNode, type NodeRecord } from '../database/node-records.ts';
import { MarketplaceError } from '../errors.ts';

/** Who asks for grants, and from where. */
export interface Asker {
  /** Undefined for one that does not say where it is. */
  readonly domain: NetworkDomain | undefined;
  readonly region: string | undefined;
  /** Set if the key is that of an active edge: it asks for what it carries. */
  readonly edge: NodeRecord | undefined;
}

/** What a viewer says of where it is. */
export interface SaidDomain {
  readonly viewerKey: Address;
  readonly region: string | undefined;
  /** Label of its domain inside the region. */
  readonly domain?: string | undefined;
}

/**
 * The domain of who asks: that of the registry for the key of a node, else what the viewer says (SPEC.md, domains).
 * @throws MarketplaceError INVALID_REQUEST
 */
export async function askerOf(sql: Sql, said: SaidDomain): Promise<Asker> {
  const node = await findNode(sql, said.viewerKey);
  if (node?.active === true) {
    const edge = node.role === 'edge' ? node : undefined;
    return { domain: await domainOfNode(sql, node), region: node.region, edge };
  }
  const { region, domain: label } = said;
  if (region === undefined) {
    if (label === undefined) return { domain: undefined, region, edge: undefined };
    throw new MarketplaceError('INVALID_REQUEST', 'A domain is part of a region.', { field: 'region' });
  }
  return { domain: networkDomainOf(region, label), region, edge: undefined };
}

/** Undefined for a node whose region is no code that a viewer could name. */
export async function domainOfNode(sql: Sql, node: NodeRecord): Promise<NetworkDomain | undefined> {
  const label = await readDomainLabel(sql, node.address);
  try {
    return networkDomainOf(node.region, label);
  } catch (failure) {
    // The chain takes any eight bytes for a region.
    if (failure instanceof ProtocolError) return undefined;
    throw failure;
  }
}
