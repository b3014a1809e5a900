/** One rule for each arrow of the architecture: imports point only downwards. */

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-imports-test', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    {
      name: 'protocol-is-the-ground',
      severity: 'error',
      from: { path: '^sdk/protocol/' },
      to: { path: '^(sdk/(?!protocol/)|node/|marketplace/|scripts/)' },
    },
    {
      name: 'protocol-packages',
      severity: 'error',
      from: { path: '^sdk/protocol/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'core'],
        pathNot: 'node_modules/(@noble/|multiformats/)',
      },
    },
    {
      name: 'sdk-knows-no-node',
      severity: 'error',
      from: { path: '^sdk/' },
      to: { path: '^(node/|marketplace/|scripts/)' },
    },
    {
      name: 'core-imports-only-protocol',
      severity: 'error',
      from: { path: '^node/core/' },
      to: { path: '^(sdk/(?!protocol/)|node/(?!core/)|marketplace/|scripts/)' },
    },
    {
      name: 'core-packages',
      severity: 'error',
      from: { path: '^node/core/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'core'],
        pathNot: 'node_modules/(@noble/|multiformats/)',
      },
    },
    {
      name: 'adapters-know-no-app',
      severity: 'error',
      from: { path: '^node/adapters/' },
      to: { path: '^(node/(app|cli)/|marketplace/|scripts/)' },
    },
    {
      name: 'app-knows-no-cli',
      severity: 'error',
      from: { path: '^node/app/' },
      to: { path: '^(node/cli/|marketplace/|scripts/)' },
    },
    {
      name: 'node-knows-no-marketplace',
      severity: 'error',
      from: { path: '^node/' },
      to: { path: '^(marketplace/|scripts/)' },
    },
    {
      name: 'marketplace-knows-no-node',
      severity: 'error',
      from: { path: '^marketplace/' },
      to: { path: '^(node/|scripts/)' },
    },
    {
      name: 'pages-know-no-server',
      severity: 'error',
      from: { path: '^marketplace/web/' },
      to: { path: '^(marketplace/(?!web/)|node/|scripts/)' },
    },
    {
      name: 'marketplace-knows-no-pages',
      severity: 'error',
      from: { path: '^marketplace/(?!web/)' },
      to: { path: '^marketplace/web/' },
    },
    {
      name: 'dashboard-knows-only-the-sdk',
      severity: 'error',
      from: { path: '^node/dashboard/' },
      to: { path: '^(node/(?!dashboard/)|marketplace/|scripts/)' },
    },
    {
      name: 'node-knows-no-dashboard',
      severity: 'error',
      from: { path: '^node/(?!dashboard/)' },
      to: { path: '^node/dashboard/' },
    },
    {
      name: 'player-and-ui-stand-above-the-sdk',
      severity: 'error',
      from: { path: '^sdk/(?!(player|ui)/)' },
      to: { path: '^sdk/(player|ui)/.*\\.tsx$|^sdk/player/' },
    },
    {
      name: 'what-runs-needs-no-tool-of-developers',
      severity: 'error',
      from: { path: '^(sdk/(?!(player|ui)/)|node/(?!dashboard/)|marketplace/(?!web/))' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'browser-code-uses-no-node',
      severity: 'error',
      from: { path: '^(marketplace/web|node/dashboard|sdk/(player|ui))/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'simulator-knows-no-adapters',
      severity: 'error',
      from: { path: '^scripts/simulator/' },
      to: { path: '^node/(adapters|app|cli)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|artifacts|cache|sdk/chain/generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
