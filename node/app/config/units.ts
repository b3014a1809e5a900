/** Sizes and amounts are written alike on both command lines. */
export { formatSize, formatTokens, parseSize, parseTokens } from '../../../sdk/cli/amounts.ts';
