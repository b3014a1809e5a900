/** Nanoseconds that one call took in each of many batches; a batch is long enough for the clock's resolution. */
export function nsPerCall(
  call: (i: number) => void,
  plan: { readonly batches: number; readonly calls: number },
): number[] {
  const samples: number[] = [];
  let i = 0;
  for (let batch = 0; batch < plan.batches; batch++) {
    const startedNs = process.hrtime.bigint();
    for (let k = 0; k < plan.calls; k++) call(i++);
    samples.push(Number(process.hrtime.bigint() - startedNs) / plan.calls);
  }
  return samples;
}
