/** Where each thing of the market has its page: the only place that spells paths. */
export const paths = {
  landing: '/',
  newDistribution: '/new',
  distributions: '/distributions',
  distribution: (dealId: string) => `/distributions/${dealId}`,
  watch: (cid: string) => `/watch/${cid}`,
  explore: '/explore',
  nodes: '/explore/nodes',
  node: (address: string) => `/explore/nodes/${address}`,
  deals: '/explore/deals',
  deal: (dealId: string) => `/explore/deals/${dealId}`,
  batches: '/explore/batches',
  batch: ({ dealId, node, epoch }: { dealId: string; node: string; epoch: number }) =>
    `/explore/batches/${dealId}/${node}/${epoch}`,
  transactions: '/explore/transactions',
  transaction: (hash: string) => `/explore/transactions/${hash}`,
  contents: '/explore/contents',
  content: (cid: string) => `/explore/contents/${cid}`,
  operate: '/operate',
} as const;
