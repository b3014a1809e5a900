/** Seconds that an arrow key moves. */
const STEP_SECONDS = 5;
const LONG_STEP_SECONDS = 10;

/** What a key does to a playing file; false where it means nothing here. */
export function pressKey(key: string, media: HTMLMediaElement, frame: HTMLElement): boolean {
  const move = (seconds: number) => {
    media.currentTime = Math.max(0, Math.min(media.duration || Infinity, media.currentTime + seconds));
  };
  switch (key) {
    case ' ':
    case 'k':
      if (media.paused) void media.play().catch(() => undefined);
      else media.pause();
      return true;
    case 'ArrowLeft':
      move(-STEP_SECONDS);
      return true;
    case 'ArrowRight':
      move(STEP_SECONDS);
      return true;
    case 'j':
      move(-LONG_STEP_SECONDS);
      return true;
    case 'l':
      move(LONG_STEP_SECONDS);
      return true;
    case 'm':
      media.muted = !media.muted;
      return true;
    case 'f':
      if (document.fullscreenElement === null) void frame.requestFullscreen().catch(() => undefined);
      else void document.exitFullscreen();
      return true;
    default:
      return false;
  }
}
