/**
 * Content security of the pages: own scripts and styles only, nothing inline. Blocks come from edges, and the registry
 * decides which hosts those are, so connections and media may go to any of them.
 */
export const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob: http: https:",
    "font-src 'self'",
    "media-src 'self' blob: http: https:",
    "connect-src 'self' http: https: ws: wss:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
  'cross-origin-opener-policy': 'same-origin-allow-popups',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
} as const;
