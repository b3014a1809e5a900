// Derives one key in a process of its own: reads a JSON document from standard input, writes the key as hex.
// Plain JavaScript, so that it starts without anything to load.
import { Buffer } from 'node:buffer';
import { scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { password, salt, length, ...options } = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(
  scryptSync(Buffer.from(password, 'hex'), Buffer.from(salt, 'hex'), length, options).toString('hex'),
);
