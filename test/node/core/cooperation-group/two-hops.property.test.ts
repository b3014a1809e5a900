import { expect } from 'chai';
import fc from 'fast-check';

import { hexToBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { contentKey, VirtualGroups, type VirtualEdge } from './virtual-groups.ts';

/** How one request went. */
interface Walk {
  readonly reached: VirtualEdge | undefined;
  /** Remote calls on the way that reached the content. */
  readonly hops: number;
  /** Servers that had to refuse. */
  readonly detours: number;
}

interface Placement {
  readonly edge: number;
  readonly content: number;
}

/** Asks the way, tries the servers in turn, says who refused, and asks again when a claim of the group was wrong. */
function walk(groups: VirtualGroups, asker: VirtualEdge, key: Hex): Walk {
  let detours = 0;
  for (let round = 0; round < 20; round++) {
    const route = groups.route(asker, key);
    for (const { publicKey, reason } of route?.servers ?? []) {
      const server = groups.edgeOf(publicKey);
      if (server?.holds.has(key) === true) {
        const hops = reason === 'own' ? 0 : reason === 'own-group' ? 1 : (route?.lookupHops ?? 0) + 1;
        return { reached: server, hops, detours };
      }
      detours += 1;
      groups.handle(asker, { type: 'refused', publicKey, key: hexToBytes(key) });
    }
    if (route?.servers[0]?.reason !== 'own-group') break;
  }
  return { reached: undefined, hops: 0, detours };
}

const CONTENTS = 12;
const placements = fc.array(fc.record({ edge: fc.nat(15), content: fc.nat(CONTENTS - 1) }), {
  minLength: 1,
  maxLength: 40,
});
const network = fc.record({
  seed: fc.nat(),
  regions: fc.integer({ min: 1, max: 4 }),
  edges: fc.integer({ min: 1, max: 16 }),
  placements,
  moved: placements,
});

function build(options: {
  seed: number;
  regions: number;
  edges: number;
  placements: readonly Placement[];
}): VirtualGroups {
  const groups = new VirtualGroups({ seed: options.seed });
  for (let i = 0; i < options.edges; i++) groups.add(`edge ${i}`, `r${i % options.regions}`);
  groups.lookupHops = (asker, key) => ((asker.server.nid[0] ?? 0) + key.charCodeAt(5)) % 2;
  for (const { edge, content } of options.placements) place(groups, edge, content);
  groups.start();
  groups.run(6_000);
  return groups;
}

function edgeAt(groups: VirtualGroups, index: number): VirtualEdge {
  const edge = groups.edges[index % groups.edges.length];
  if (edge === undefined) throw new RangeError('No edges.');
  return edge;
}

function place(groups: VirtualGroups, edge: number, content: number): void {
  groups.place(edgeAt(groups, edge), contentKey(`${content}`));
}

function remove(groups: VirtualGroups, edge: number, content: number): void {
  const key = contentKey(`${content}`);
  edgeAt(groups, edge).holds.delete(key);
  groups.published.get(key)?.delete(edgeAt(groups, edge));
}

describe('two hops to any content', () => {
  it('holds for every asker and content while summaries are fresh', () => {
    fc.assert(
      fc.property(network, (options) => {
        const groups = build(options);
        for (const asker of groups.edges) {
          for (let content = 0; content < CONTENTS; content++) {
            const key = contentKey(`${content}`);
            const exists = groups.edges.some(({ holds }) => holds.has(key));
            const sibling = groups.edges.some(
              ({ holds, server }) => holds.has(key) && server.region === asker.server.region,
            );
            const lookupsBefore = asker.lookups;
            const { reached, hops } = walk(groups, asker, key);
            expect(reached !== undefined, 'reached if anybody holds it').to.equal(exists);
            expect(hops).to.be.at.most(sibling ? 1 : 2);
            if (sibling) expect(asker.lookups, 'no lookup for the own group').to.equal(lookupsBefore);
          }
          expect(asker.group.counters.beyondTwoHops).to.equal(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('holds on the way that reaches it while summaries are stale, with one refusal for each wrong claim', () => {
    fc.assert(
      fc.property(network, (options) => {
        const groups = build(options);
        for (const { edge, content } of options.placements.slice(0, 20)) remove(groups, edge, content);
        for (const { edge, content } of options.moved) place(groups, edge, content);
        for (const asker of groups.edges) {
          const siblings =
            groups.edges.filter(({ server }) => server.region === asker.server.region).length - 1;
          for (let content = 0; content < CONTENTS; content++) {
            const key = contentKey(`${content}`);
            const exists = groups.edges.some(({ holds }) => holds.has(key));
            const lookupsBefore = asker.lookups;
            const { reached, hops, detours } = walk(groups, asker, key);
            expect(reached !== undefined, 'reached if anybody holds it').to.equal(exists);
            expect(hops).to.be.at.most(2);
            expect(detours).to.be.at.most(siblings);
            expect(asker.lookups - lookupsBefore).to.be.at.most(1);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
