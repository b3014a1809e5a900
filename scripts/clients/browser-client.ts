import { z } from 'zod';

import { BrowserPage } from './browser-page.ts';
import { requireSame, requireThat } from './client-error.ts';
import { isInstalled } from './run-program.ts';
import { FILM_SECONDS, LARGE_BYTES, LARGE_FILE, type Film } from './sample-site.ts';
import type { ServedSite } from './served-site.ts';
import { finding, type Finding, type UnmodifiedClient } from './unmodified-client.ts';

const PROGRAM = 'chromium';
/** Late in the film: nothing that a browser reads ahead reaches it. */
const SEEK_SECONDS = FILM_SECONDS * 0.85;

const playedSchema = z.object({
  duration: z.number(),
  width: z.number(),
  playedFrom: z.number(),
  soughtTo: z.number(),
  playedTo: z.number(),
  colours: z.number(),
});
const fetchedSchema = z.object({
  status: z.number(),
  contentRange: z.string().nullable(),
  etag: z.string().nullable(),
  first: z.number(),
});

/** A browser: the page of a directory, films that it plays and seeks in, a fetch from another origin. */
export const browserClient: UnmodifiedClient = {
  name: PROGRAM,
  absence: async () =>
    (await isInstalled(PROGRAM)) ? undefined : `it is not installed; install Debian's package chromium`,
  check: async ({ site, directory }) => {
    const page = await BrowserPage.open(PROGRAM, directory);
    try {
      return await checkAll(site, page);
    } finally {
      await page.close();
    }
  },
};

async function checkAll(site: ServedSite, page: BrowserPage): Promise<readonly Finding[]> {
  const findings = [
    await finding('the page of a directory', async () => {
      await page.go(`${site.origin}/ipfs/${site.root.toString()}`);
      requireSame('The title', String(await page.run('document.title')), 'A film');
      requireSame('The path', String(await page.run('location.pathname')), `/ipfs/${site.root.toString()}/`);
      return 'index.html, its address ends with a slash';
    }),
    await finding('fetch() of a range from another origin', () => fetchedElsewhere(site, page)),
  ];
  for (const film of site.site.films) {
    findings.push(await finding(`<video> plays ${film.path} and seeks`, () => played(site, page, film)));
  }
  if (site.site.films.length === 0) {
    const evidence = "There is no film to play: install Debian's package ffmpeg, which makes it.";
    findings.push({ what: '<video>', ok: false, evidence });
  }
  return findings;
}

async function fetchedElsewhere(site: ServedSite, page: BrowserPage): Promise<string> {
  const url = JSON.stringify(site.urlOf(LARGE_FILE, site.otherOrigin));
  const said = await page.run(`(async () => {
    const answer = await fetch(${url}, { headers: { range: 'bytes=1000-1999' } });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const contentRange = answer.headers.get('content-range');
    return { status: answer.status, contentRange, etag: answer.headers.get('etag'), first: bytes[0] };
  })()`);
  const { status, contentRange, etag, first } = fetchedSchema.parse(said);
  requireSame('The status', status, 206);
  requireSame('content-range', contentRange ?? 'hidden', `bytes 1000-1999/${LARGE_BYTES}`);
  requireSame('The first byte', first, site.site.large[1_000] ?? -1);
  requireThat(etag !== null, 'The page does not see the ETag.');
  return `206, ${contentRange ?? ''}, ETag readable`;
}

async function played(site: ServedSite, page: BrowserPage, film: Film): Promise<string> {
  const url = site.urlOf(film.path, site.otherOrigin);
  const earlier = page.responses.length;
  const { duration, width, soughtTo, playedTo, colours } = playedSchema.parse(await page.run(playing(url)));
  requireThat(Math.abs(duration - FILM_SECONDS) < 1, `The film lasts ${duration} s, not ${FILM_SECONDS}.`);
  requireThat(width > 0, 'There is no picture.');
  requireThat(Math.abs(soughtTo - SEEK_SECONDS) < 0.5, `It sought to ${soughtTo} s, not ${SEEK_SECONDS}.`);
  requireThat(playedTo > SEEK_SECONDS, `It stood still at ${playedTo} s.`);
  requireThat(colours > 100, `The picture has ${colours} colours: it is not the film's.`);
  const answers = page.responses.slice(earlier).filter((response) => response.url === url);
  const starts = new Set(
    answers.map(({ headers }) => /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1]),
  );
  requireThat(
    answers.every(({ status }) => status === 206),
    'An answer was no range.',
  );
  requireThat(
    answers.every(({ headers }) => headers['content-type'] === film.type),
    `An answer was not ${film.type}.`,
  );
  requireThat(starts.size > 1, 'It never asked for another part of the film.');
  return `played, sought to ${soughtTo} s, played on; ranges from ${[...starts].join(', ')}`;
}

/** Plays the beginning, seeks, plays on, and reads the picture, which only works if the other origin allows it. */
function playing(url: string): string {
  return `(async () => {
    const video = document.createElement('video');
    const event = (name) => new Promise((done, fail) => {
      video.addEventListener(name, done, { once: true });
      video.addEventListener('error', () => fail(new Error(video.error?.message ?? 'the video failed')), { once: true });
    });
    const reached = async (seconds) => {
      while (video.currentTime < seconds) await event('timeupdate');
    };
    document.body.replaceChildren(video);
    video.crossOrigin = 'anonymous';
    video.muted = true;
    const ready = event('loadedmetadata');
    video.src = ${JSON.stringify(url)};
    await ready;
    await video.play();
    await reached(0.5);
    const playedFrom = video.currentTime;
    const sought = event('seeked');
    video.currentTime = ${SEEK_SECONDS};
    await sought;
    const soughtTo = video.currentTime;
    await reached(${SEEK_SECONDS} + 0.5);
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    const said = { duration: video.duration, width: video.videoWidth, playedFrom, soughtTo };
    video.pause();
    return { ...said, playedTo: video.currentTime, colours: new Set(pixels).size };
  })()`;
}
