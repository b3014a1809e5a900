import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian's encoder; the stage of browser tests says so where it is missing. */
export const FFMPEG = '/usr/bin/ffmpeg';

export const FILM_SECONDS = 12;

/** Forms of the same short film. */
const FORMS = {
  'film.webm': [
    ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '3M', '-g', '24'],
    ...['-c:a', 'libopus', '-b:a', '64k'],
  ],
  'fragmented.mp4': [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '3M', '-g', '24', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '64k', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  ],
  'progressive.mp4': [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '3M', '-g', '24', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '64k'],
  ],
} as const;

export type Form = keyof typeof FORMS;

/** Generates a film in one form: noise, so that it has some megabytes, and a tone. */
export async function generateFilm(path: string, form: Form, seconds = FILM_SECONDS): Promise<void> {
  await run(FFMPEG, [...input(seconds), ...FORMS[form], '-y', path]);
}

/** Generates a picture of the film. */
export async function generatePicture(path: string): Promise<void> {
  await run(FFMPEG, [...input(1), '-frames:v', '1', '-y', path]);
}

/** Generates the film as a playlist with two qualities, segments of one second, and captions. */
export async function generateStream(
  directory: string,
  segments: 'mpegts' | 'fmp4',
  captions: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await run(
    FFMPEG,
    [
      ...input(FILM_SECONDS / 2),
      ...['-map', '0:v', '-map', '1:a', '-map', '0:v', '-map', '1:a'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '24', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
      ...['-b:v:0', '1500k', '-b:v:1', '400k', '-filter:v:1', 'scale=320:180'],
      ...['-f', 'hls', '-hls_time', '1', '-hls_playlist_type', 'vod', '-hls_segment_type', segments],
      ...['-var_stream_map', 'v:0,a:0 v:1,a:1', '-master_pl_name', 'master.m3u8'],
      ...['-hls_segment_filename', segments === 'fmp4' ? 'v%v-%03d.m4s' : 'v%v-%03d.ts'],
      ...['-hls_fmp4_init_filename', 'init-%v.mp4', '-y', 'v%v.m3u8'],
    ],
    { cwd: directory },
  );
  await writeFile(join(directory, 'master.en.vtt'), captions);
}

function input(seconds: number): readonly string[] {
  return [
    ...['-hide_banner', '-loglevel', 'error'],
    ...['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=24:duration=${seconds},noise=alls=20:allf=t`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
  ];
}
