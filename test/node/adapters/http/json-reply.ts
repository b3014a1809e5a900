import { request } from 'undici';

/** An answer with its JSON body. */
export interface JsonReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

type Options = Parameters<typeof request>[1];

export async function jsonOf(url: string, options: Options = {}): Promise<JsonReply> {
  const { statusCode, headers, body } = await request(url, options);
  return { status: statusCode, headers, body: await body.json() };
}

/** Status, code and values of a refusal; its message and remedy are checked to be there. */
export async function refusalOf(
  url: string,
  options: Options = {},
): Promise<{ status: number; code: string; values: Record<string, unknown> }> {
  const { status, body } = await jsonOf(url, options);
  const { error } = body as {
    error: { code: string; message: string; values: Record<string, unknown>; remedy: string };
  };
  if (error.message.length === 0 || error.remedy.length === 0)
    throw new RangeError('a refusal explains itself');
  return { status, code: error.code, values: error.values };
}
