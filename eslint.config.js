import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Calls that read the clock, randomness or the machine: pure code receives these by injection. */
const impure = [
  { object: 'Date', property: 'now', message: 'Pure code receives the time as an argument.' },
  { object: 'Math', property: 'random', message: 'Pure code receives randomness as an argument.' },
  { object: 'performance', property: 'now', message: 'Pure code receives the time as an argument.' },
  { object: 'crypto', property: 'getRandomValues', message: 'Pure code receives randomness as an argument.' },
];

/** Names that say nothing about the idea in a file or class (STYLE: names). */
const emptyName = '/(Manager|Handler|Helper|Service|Wrapper)$/';

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'artifacts/', 'cache/', 'coverage/', 'sdk/chain/generated/'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.dependency-cruiser.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: `ClassDeclaration[id.name=${emptyName}]`, message: 'Name the class by its idea.' },
        {
          selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'Decode instead of casting through unknown.',
        },
        {
          selector: 'ThrowStatement > NewExpression[callee.name="Error"]',
          message: 'Throw a coded error class of the module.',
        },
      ],
    },
  },
  {
    files: ['sdk/protocol/**/*.ts', 'node/core/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...impure],
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'queueMicrotask',
        'fetch',
        'crypto',
        'performance',
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Pure code receives the time as an argument.',
        },
        { selector: `ClassDeclaration[id.name=${emptyName}]`, message: 'Name the class by its idea.' },
        {
          selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'Decode instead of casting through unknown.',
        },
        {
          selector: 'ThrowStatement > NewExpression[callee.name="Error"]',
          message: 'Throw a coded error class of the module.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
  },
);
