/**
 * A local chain as a process of its own. Started by `startLocalChain`, which reads the one line of JSON on stdout.
 * An argument names the port, without one any free port is taken. It ends when its standard input closes, so it never outlives the process that started it, however that one ends.
 */
import { openHardhat } from './hardhat-environment.ts';

const LOOPBACK = '127.0.0.1';
const ANY_PORT = '0';

const hre = await openHardhat();
const server = await hre.network.createServer('local', LOOPBACK, Number(process.argv[2] ?? ANY_PORT));
const { address, port } = await server.listen();
process.stdout.write(`${JSON.stringify({ url: `http://${address}:${port}` })}\n`);

function end(): void {
  // Open sockets of clients would keep a graceful end waiting; the chain has no state to save.
  process.exit(0);
}
process.stdin.on('end', end).on('close', end).on('error', end).resume();
process.on('SIGTERM', end).on('SIGINT', end);
