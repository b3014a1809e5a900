/* global document, fetch, performance */
// Runs in the browser: measures as a viewer would see it, and posts the figures to the bench.
const { market, file, film, plain, rounds } = await (await fetch('plan')).json();
await import(`${market}/player/embed.js`);

const throughput = [];
const first = { player: [], plain: [] };
for (let round = 0; round < rounds; round++) {
  throughput.push(await fetchWhole(file));
  first.player.push(await firstFrameOfPlayer(film));
  first.plain.push(await firstFrameOfVideo(plain));
}
await fetch('figures', { method: 'POST', body: JSON.stringify({ throughput, first }) });

function playerOf(cid, path) {
  const player = document.createElement('bcdn-player');
  player.setAttribute('cid', cid);
  player.setAttribute('path', path);
  player.setAttribute('marketplace', market);
  return player;
}

/** The whole file into the memory of the page, from the click on: worker, grants, lookup, bytes, receipts on the way. */
async function fetchWhole({ cid, path }) {
  const player = playerOf(cid, path);
  const startedMs = performance.now();
  const shown = heard(player, 'bcdn-shown');
  document.body.append(player);
  await shown;
  const ms = performance.now() - startedMs;
  const { verifiedBytes } = player.report;
  await player.close();
  player.remove();
  return { ms, verifiedBytes };
}

async function firstFrameOfPlayer({ cid, path }) {
  const player = playerOf(cid, path);
  player.setAttribute('muted', '');
  player.setAttribute('autoplay', '');
  const startedMs = performance.now();
  const shown = heard(player, 'bcdn-shown');
  document.body.append(player);
  await shown;
  await frameOf(player.media);
  const ms = performance.now() - startedMs;
  await player.close();
  player.remove();
  return ms;
}

async function firstFrameOfVideo(url) {
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  const startedMs = performance.now();
  video.src = `${url}?round=${startedMs}`;
  document.body.append(video);
  await frameOf(video);
  const ms = performance.now() - startedMs;
  video.remove();
  return ms;
}

function frameOf(video) {
  return new Promise((resolve, reject) => {
    if (video.readyState >= 2) return resolve();
    video.addEventListener('loadeddata', resolve, { once: true });
    video.addEventListener('error', () => reject(video.error), { once: true });
  });
}

function heard(player, name) {
  return new Promise((resolve, reject) => {
    player.addEventListener(name, resolve, { once: true });
    player.addEventListener('error', ({ detail }) => reject(detail), { once: true });
  });
}
