import description from '../../../package.json' with { type: 'json' };
import type { ReachabilityDocument } from '../control/doctor-documents.ts';
import type { StatusDocument } from '../control/documents.ts';
import { failed, fine, warning, type Finding } from './finding.ts';

const [MIN_MAJOR, MIN_MINOR] = [22, 13];

/** Whether this program, the running node and the Node below fit each other. */
export function checkVersion(status: StatusDocument | undefined): Finding {
  const { version } = description;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const facts = `bcdn-node ${version} on Node ${process.versions.node}`;
  if (major < MIN_MAJOR || (major === MIN_MAJOR && minor < MIN_MINOR)) {
    return failed('version', `${facts}; it needs ${MIN_MAJOR}.${MIN_MINOR} or later`, 'npm ci');
  }
  if (status !== undefined && status.version !== version) {
    return warning(
      'version',
      `${facts}; the running node is ${status.version}`,
      'systemctl restart bcdn-node',
    );
  }
  return fine('version', facts);
}

/** Whether the node runs and serves. */
export function checkNode(status: StatusDocument | undefined): Finding {
  if (status === undefined) return warning('node', 'the node is not running', 'bcdn-node start');
  const { state, uptimeSeconds, problems, drainingSince } = status;
  const facts = `${state} for ${uptimeSeconds} s`;
  if (drainingSince !== null)
    return warning('node', `draining since ${drainingSince}`, 'bcdn-node drain --cancel');
  const [problem] = problems;
  if (problem !== undefined) return warning('node', `${facts}: ${problem.message}`, 'bcdn-node status');
  return state === 'serving' ? fine('node', facts) : warning('node', facts, 'bcdn-node status --watch');
}

/** Whether the edge stands in the ring with the others. @param others active edges of the registry but this one */
export function checkRing(status: StatusDocument | undefined, others: number | undefined): Finding {
  if (status === undefined) return warning('ring', 'not known: the node is not running', 'bcdn-node start');
  if (status.role === 'peer') return fine('ring', 'a peer asks edges and is not on the ring itself');
  if (status.ring === null || status.nid === null) {
    return failed('ring', 'the node is not on the ring yet', 'bcdn-node status --watch');
  }
  const { members } = status.ring;
  const facts = `position ${status.nid.slice(0, 10)}…, sees ${members} member(s)`;
  if (others !== undefined && others > 0 && members <= 1) {
    return failed(
      'ring',
      `${facts}, the registry has ${others} other active edge(s)`,
      'bcdn-node start --bootstrap MULTIADDR',
    );
  }
  return fine(
    'ring',
    others === undefined ? facts : `${facts}; the registry has ${others} other active edge(s)`,
  );
}

/** What other edges found that dialled this node, which runs. @param reachability undefined if it could not ask yet */
export function checkReachability(reachability: ReachabilityDocument | undefined): Finding {
  const check = 'reachability';
  if (reachability === undefined) {
    return warning(check, 'not known: the node has not asked others yet', 'bcdn-node status --watch');
  }
  const { registered, others, answers } = reachability;
  if (registered.length === 0) return warning(check, 'no endpoint is registered yet', 'bcdn-node start');
  if (others === 0)
    return warning(check, 'there is no other edge that could dial this node', 'bcdn-node doctor');
  const dialled = answers.filter(({ outcome }) => outcome === 'dialled');
  if (dialled.length === 0) {
    const outcomes = answers
      .map(({ operator, outcome }) => `${operator.slice(0, 10)}… ${outcome}`)
      .join(', ');
    return warning(check, `no other edge dialled this node: ${outcomes}`, 'bcdn-node doctor');
  }
  return judge(registered, dialled);
}

type Answers = ReachabilityDocument['answers'];

/** An endpoint counts as reached if one of the others reached it: the others may be unable to for reasons of their own. */
function judge(registered: readonly string[], dialled: Answers): Finding {
  const check = 'reachability';
  const by = dialled.map(({ operator, region }) => `${operator.slice(0, 10)}… (${region})`).join(' and ');
  const resultsOf = (endpoint: string): string[] =>
    dialled.flatMap(({ endpoints }) =>
      endpoints.filter((found) => found.endpoint === endpoint).map(({ result }) => result),
    );
  const missed = registered.filter((endpoint) => !resultsOf(endpoint).includes('reached'));
  if (missed.length === 0) return fine(check, `all ${registered.length} endpoint(s) reached by ${by}`);
  const elsewhere = missed.every((endpoint) =>
    resultsOf(endpoint).every((result) => result === 'other-address'),
  );
  const observed = [...new Set(dialled.map(({ observedAddress }) => observedAddress))].join(', ');
  const list = missed.map((endpoint) => `${endpoint} (${resultsOf(endpoint)[0] ?? 'not tried'})`).join(', ');
  if (elsewhere) {
    return warning(
      check,
      `others see this node at ${observed}, it announces ${list}; only what is at the address that they see is tried`,
      `bcdn-node start --announce-host ${observed.split(', ')[0] ?? 'ADDRESS'}`,
    );
  }
  const evidence = `${missed.length} of ${registered.length} endpoint(s) not reached by ${by}: ${list}`;
  const run =
    'bcdn-node start --http-host 0.0.0.0 --listen-host 0.0.0.0 --announce-host ADDRESS, with its ports open';
  return missed.length === registered.length ? failed(check, evidence, run) : warning(check, evidence, run);
}
