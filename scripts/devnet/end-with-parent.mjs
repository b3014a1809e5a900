// Loaded first (node --import) by every process of the development network: when the parent is gone, even by
// SIGKILL, its end of our standard input closes, and this process ends too instead of being left behind.
import { enableCompileCache } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 10_000;

// A network is many processes of the same program: the second one need not compile it again.
enableCompileCache();

// A thread loads this too, and has an input of its own, which ends at once: that says nothing of the parent.
if (isMainThread) {
  process.stdin.on('end', endWithParent).on('close', endWithParent).on('error', endWithParent).resume();
  process.stdin.unref?.();
}

let ending = false;
function endWithParent() {
  if (ending) return;
  ending = true;
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
}
