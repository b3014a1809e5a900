import { readConfigFile } from '../app/config/config-file.ts';
import { NodeError } from '../app/node-error.ts';
import { dataDirOf, type PlaceOptions } from './place.ts';

/** Where no node answers: whether there is one at all that could be started, or the reason why not. */
export async function absenceOf(error: unknown, options: PlaceOptions): Promise<unknown> {
  if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') return error;
  try {
    await readConfigFile(dataDirOf(options));
    return error;
  } catch (reason) {
    return reason;
  }
}
