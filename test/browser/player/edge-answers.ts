/** Answers of one edge below `/ipfs/`, by status, as it counts them itself. 204 is what a preflight gets, and nothing else. */
export async function contentAnswers(edgeUrl: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${edgeUrl}/metrics`)).text();
  const lines = text.matchAll(/^bcdn_http_requests_total\{route="ipfs",status="(\d+)"\} (\d+)/gm);
  return new Map([...lines].map(([, status = '', count]) => [status, Number(count)]));
}
