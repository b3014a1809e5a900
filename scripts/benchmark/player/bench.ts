import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { generateInputFile } from '../../devnet/input-file.ts';
import { publisherOf } from '../../devnet/file-job.ts';
import { Network } from '../../devnet/network.ts';
import { TOKEN_WEI, type PlannedNode } from '../../devnet/network-plan.ts';
import { sourceOfPath } from '../../../sdk/publish/content-source.ts';
import { publish } from '../../../sdk/publish/publish.ts';
import { median } from '../../measuring/percentile.ts';
import { BenchError } from '../bench-error.ts';
import { defineBench, type BenchReport, type BenchSetting } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { FiguresSite, type PageFigures } from './figures-site.ts';

const MIB = 1_048_576;
const CHROMIUM = '/usr/bin/chromium';
const FFMPEG = '/usr/bin/ffmpeg';
const BUNDLES = join(import.meta.dirname, '../../../dist/player');
const SCRIPTS = ['embed.js', 'viewer-worker.js', 'service-worker.js'] as const;
const PAGE_TIMEOUT_MS = 240_000;
const REGIONS = ['eu-west', 'us-east', 'ap-south', 'eu-west'] as const;

/** Viewing in a browser: bytes verified a second, time to the first frame, sizes of the scripts. */
export const player = defineBench({
  name: 'player',
  summary:
    'A tab that fetches from four edges and verifies in a worker; first frame beside a bare <video> on an edge.',
  options: {
    mib: { description: 'size of the file that is fetched whole, MiB', fallback: 48, min: 1, max: 60 },
    rounds: { description: 'repetitions; medians are told', fallback: 3, min: 1, max: 9 },
  },
  run: async ({ mib, rounds }, setting) => {
    for (const program of [CHROMIUM, FFMPEG, join(BUNDLES, 'embed.js')]) requirePresent(program);
    const folder = await mkdtemp(join(tmpdir(), 'bcdn-bench-player-'));
    const plans = REGIONS.map((region, index): PlannedNode => {
      const askWeiPerGiB = TOKEN_WEI / 100n + BigInt(index);
      return { name: `edge-${index + 1}`, role: 'edge', region, askWeiPerGiB, hostile: false };
    });
    await mkdir(join(folder, 'network'));
    const network = new Network(join(folder, 'network'), setting.progress, plans);
    try {
      await network.start(4 * mib * MIB);
      return await reportOf(await measure(network, { folder, mib, rounds, setting }), mib);
    } finally {
      await network.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

async function measure(
  network: Network,
  at: { folder: string; mib: number; rounds: number; setting: BenchSetting },
): Promise<PageFigures> {
  const media = join(at.folder, 'media');
  await mkdir(media);
  const { path: generated } = await generateInputFile(media, at.mib * MIB);
  await generateFilm(join(media, 'film.webm'));
  const sender = publisherOf(network);
  try {
    const { cid } = await publish({
      ...{ source: await sourceOfPath(media), sender, marketplaceUrl: network.marketplaceUrl },
      ...{ replicas: REGIONS.length, expectedDeliveryBytes: 8n * 1024n ** 3n, temporaryDirectory: at.folder },
    });
    const [edge] = network.edges;
    const site = new FiguresSite({
      market: network.marketplaceUrl,
      file: { cid: cid.toString(), path: generated.slice(media.length + 1) },
      film: { cid: cid.toString(), path: 'film.webm' },
      plain: `${edge?.httpUrl ?? ''}/ipfs/${cid.toString()}/film.webm`,
      rounds: at.rounds,
    });
    try {
      return await at.setting.progress.task('A tab fetches and plays', async () => {
        const url = await site.start();
        return inBrowser(url, { profile: join(at.folder, 'profile'), figures: site.figures });
      });
    } finally {
      await site.stop();
    }
  } finally {
    sender.provider.destroy();
  }
}

/** A browser that nothing steers or watches: that would cost what is measured. */
async function inBrowser(
  url: string,
  { profile, figures }: { readonly profile: string; readonly figures: Promise<PageFigures> },
): Promise<PageFigures> {
  const browser = spawn(
    CHROMIUM,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--mute-audio'],
      ...['--autoplay-policy=no-user-gesture-required', '--remote-debugging-port=0'],
      ...[`--user-data-dir=${profile}`, url],
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => browser.once('close', resolve));
  const late = new AbortController();
  try {
    return await Promise.race([figures, tooLate(late.signal)]);
  } finally {
    late.abort();
    browser.kill('SIGKILL');
    await ended;
  }
}

async function tooLate(signal: AbortSignal): Promise<never> {
  await sleep(PAGE_TIMEOUT_MS, undefined, { signal });
  throw new BenchError('BENCH_TIMEOUT', {
    message: 'The page did not send its figures in time.',
    remedy: 'Run it again on a machine that does less.',
  });
}

async function generateFilm(path: string): Promise<void> {
  await promisify(execFile)(FFMPEG, [
    ...['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=24:duration=4'],
    // Small enough for what an edge gives away: a bare element has no grant.
    ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k', '-y', path],
  ]);
}

async function reportOf({ throughput, first }: PageFigures, mib: number): Promise<BenchReport> {
  const rates = throughput.map(({ ms }) => (mib * MIB) / 1_000 / ms);
  const frames = { player: median(first.player), plain: median(first.plain) };
  const sizes = await Promise.all(
    SCRIPTS.map(async (script) => {
      const file = join(BUNDLES, script);
      const [plain, brotli] = await Promise.all([stat(file), stat(`${file}.br`)]);
      return [script, plain.size, brotli.size] as const;
    }),
  );
  return {
    figures: {
      verifiedMBPerSecond: rounded(median(rates)),
      verifiedMBPerSecondRuns: rates.map(rounded),
      overheadShare: rounded(median(throughput.map(({ verifiedBytes }) => verifiedBytes / (mib * MIB) - 1))),
      firstFrameMs: rounded(frames.player),
      firstFramePlainMs: rounded(frames.plain),
      scripts: Object.fromEntries(sizes.map(([name, bytes, brotliBytes]) => [name, { bytes, brotliBytes }])),
    },
    tables: [
      {
        title: `A tab, four edges, ${mib} MiB, medians of ${throughput.length}`,
        columns: ['measure', 'figure'],
        rows: [
          ['verified in a worker, start and grants included', `${rounded(median(rates)) ?? 0} MB/s`],
          ['first frame, player', `${Math.round(frames.player)} ms`],
          ['first frame, <video src> on an edge, nothing verified or paid', `${Math.round(frames.plain)} ms`],
        ],
      },
      {
        title: 'Scripts',
        columns: ['script', 'bytes', 'brotli'],
        rows: sizes.map(([name, bytes, brotli]) => [name, `${bytes}`, `${brotli}`]),
      },
    ],
  };
}

function requirePresent(path: string): void {
  if (existsSync(path)) return;
  throw new BenchError('BENCH_PROCESS_FAILED', {
    message: `${path} is missing.`,
    remedy: 'Install the Debian packages chromium and ffmpeg, and run npm run build:pages.',
  });
}
