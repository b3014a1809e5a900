/** How the element looks inside. A constructed sheet: pages that forbid inline styles allow it. */
export const PLAYER_STYLE = `
:host { display: block; position: relative; color-scheme: light dark; font: 14px/1.45 ui-sans-serif, system-ui, sans-serif;
  --ground: #101216; --text: #f2f0eb; --soft: #b3b7c0; --accent: #4cc9b0; --bad: #ff8a80; --warning: #f0b649; }
:host([hidden]) { display: none; }
.frame { position: relative; background: var(--ground); border-radius: 8px; overflow: hidden; min-height: 3rem; }
.frame:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
video, img { display: block; width: 100%; max-height: 80vh; background: #000; object-fit: contain; }
audio { display: block; width: 100%; }
pre { margin: 0; padding: 1rem; max-height: 60vh; overflow: auto; color: var(--text); white-space: pre-wrap; overflow-wrap: anywhere; }
.save { display: inline-block; margin: 1rem; padding: .5rem 1rem; border: 1px solid var(--accent); border-radius: 6px; color: var(--accent); text-decoration: none; }
.status { position: absolute; inset: auto 0 0 0; margin: 0; padding: .35rem .75rem; color: var(--soft); background: #101216cc; font-size: 13px; pointer-events: none; }
.status:empty { display: none; }
.failure { padding: 1rem; color: var(--text); }
.failure strong { color: var(--bad); }
.failure p { margin: .25rem 0; }
.unverified { position: absolute; top: .5rem; left: .5rem; padding: .2rem .5rem; border-radius: 4px; background: var(--warning); color: #2a1c00; font-weight: 600; }
.bar { display: flex; gap: .75rem; align-items: center; padding: .35rem .5rem; color: var(--soft); background: var(--ground); font-size: 13px; }
.bar:empty, .bar[hidden] { display: none; }
.bar select { font: inherit; color: var(--text); background: #1c1f25; border: 1px solid #363c47; border-radius: 4px; padding: .1rem .3rem; }
.overlay { position: absolute; top: .5rem; right: .5rem; max-width: min(31rem, calc(100% - 1rem)); padding: .6rem .75rem; border-radius: 8px;
  color: var(--text); background: #101216e6; font-size: 12px; font-variant-numeric: tabular-nums; }
.overlay[hidden] { display: none; }
.overlay h2 { margin: 0 0 .35rem; font-size: 13px; }
.overlay table { width: 100%; border-collapse: collapse; }
.overlay caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.overlay th { text-align: left; font-weight: 500; color: var(--soft); padding: 0 .6rem .1rem 0; }
.overlay td { padding: .1rem .6rem .1rem 0; white-space: nowrap; }
.overlay td.figure, .overlay th.figure { text-align: right; }
.overlay tr.serving td:first-child::before { content: '●'; color: var(--accent); margin-right: .35rem; }
.overlay tr.served td:first-child::before { content: '○'; color: var(--soft); margin-right: .35rem; }
.overlay tr.dropped td:first-child::before { content: '×'; color: var(--bad); margin-right: .35rem; }
.overlay tr.dropped td { color: var(--soft); }
.overlay td.reason { white-space: normal; color: var(--bad); padding-bottom: .25rem; }
.overlay p { margin: .35rem 0 0; color: var(--soft); }
@media (max-width: 40rem) { .overlay { position: static; max-width: none; border-radius: 0; }
  .overlay th:last-child, .overlay tr[data-node] td:last-child { display: none; } }
`;
