import comments from "@eslint-community/eslint-plugin-eslint-comments";
import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

const NO_AMBIENT_AUTHORITY = [
  ["fetch", "Network only through the port the domain was given."],
  ["WebSocket", "Network only through the port the domain was given."],
  ["EventSource", "Network only through the port the domain was given."],
  ["globalThis", "Names an ambient authority; take a port."],
  ["process", "Only src/main.ts and src/adapters/ touch the process; pass values in."],
  ["setTimeout", "Take a Clock; a test must be able to move time."],
  ["setInterval", "Take a Clock; a test must be able to move time."],
  ["setImmediate", "Take a Clock; a test must be able to move time."],
  ["Buffer", "Use Uint8Array."],
].map(([name, message]) => ({ name, message }));

const SYNTAX_EVERYWHERE = [
  { selector: "ExportDefaultDeclaration", message: "Named exports only." },
  { selector: "ExportAllDeclaration", message: "Name what you export." },
  { selector: "TSEnumDeclaration", message: "Use a union of string literals." },
];
const NO_DYNAMIC_IMPORT = {
  selector: "ImportExpression",
  message: "Static imports only, so the dependency check sees them.",
};
const NO_AMBIENT_TIME = [
  {
    selector:
      "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.object.name='Date'][callee.property.name='now'], CallExpression[callee.object.name='performance']",
    message: "Take a Clock.",
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: "Take a random source.",
  },
];
const NO_LOOSE_JSON = {
  selector: "CallExpression[callee.object.name='JSON'][callee.property.name='parse']",
  message: "Foreign JSON is decoded in core/wire or in a file named decode-*.ts, nowhere else.",
};

const TRUSTED_SRC = [
  "core/*/src/**/*.ts",
  "host/*/src/**/*.ts",
  "domains/*/src/**/*.ts",
  "plugins/*/src/**/*.ts",
  "relay-chain/src/**/*.ts",
];
const MACHINE_SIDE = ["**/src/main.ts", "**/src/*-main.ts", "**/src/adapters/**/*.ts"];
const TOOL_ROOMS = [
  "cli/**/*.ts",
  "devnet/**/*.ts",
  "fabric-devnet/**/*.ts",
  "world/**/*.ts",
  "e2e/**/*.ts",
  "bench/**/*.ts",
  "attack/**/*.ts",
  "chaos/**/*.ts",
  "tools/**/*.ts",
  "contracts/**/*.ts",
];
const TESTS = ["**/test/**/*.ts", "e2e/**/*.ts", "core/testkit/src/**/*.ts"];

export default tseslint.config(
  { ignores: ["**/node_modules", "**/coverage", ".crossguardian", "**/*.mjs", "**/*.js"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { jsdoc, comments },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-empty": ["error", { allowEmptyCatch: false }],
      "max-depth": ["error", 4],
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 100, skipBlankLines: true, skipComments: true }],
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE],
      "comments/require-description": "error",
      "comments/no-unlimited-disable": "error",
      "jsdoc/no-types": "error",
      "@typescript-eslint/consistent-type-assertions": [
        "error",
        { assertionStyle: "as", objectLiteralTypeAssertions: "allow-as-parameter" },
      ],
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "all", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false } }],
      "@typescript-eslint/naming-convention": [
        "error",
        { selector: "default", format: ["camelCase"], leadingUnderscore: "allow" },
        { selector: "import", format: null },
        { selector: "variable", modifiers: ["destructured"], format: null },
        { selector: "variable", modifiers: ["const"], format: ["camelCase", "UPPER_CASE"], leadingUnderscore: "allow" },
        { selector: "typeLike", format: ["PascalCase"] },
        { selector: ["objectLiteralProperty", "objectLiteralMethod", "typeProperty"], format: null },
      ],
      // Style without a defect behind it.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/prefer-nullish-coalescing": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/array-type": "off",
      "@typescript-eslint/consistent-indexed-object-style": "off",
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/unified-signatures": "off",
    },
  },
  {
    files: TRUSTED_SRC,
    rules: {
      "no-console": "error",
      "no-restricted-globals": ["error", ...NO_AMBIENT_AUTHORITY],
      "no-restricted-syntax": [
        "error",
        ...SYNTAX_EVERYWHERE,
        NO_DYNAMIC_IMPORT,
        ...NO_AMBIENT_TIME,
        NO_LOOSE_JSON,
      ],
    },
  },
  {
    files: ["core/*/src/**/*.ts", "host/switch/src/**/*.ts"],
    // kernel makes the branded values, codec builds a struct field by field, testkit feeds wrong ones on purpose.
    ignores: ["core/testkit/**", "core/kernel/**", "core/wire/src/codec.ts"],
    rules: {
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
    },
  },
  {
    files: ["core/wire/src/**/*.ts", "**/src/**/decode-*.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE, NO_DYNAMIC_IMPORT, ...NO_AMBIENT_TIME],
    },
  },
  {
    files: MACHINE_SIDE,
    rules: {
      "no-restricted-globals": "off",
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE],
      "no-console": "off",
    },
  },
  // Buffer is how node:crypto answers; nothing else ambient is needed to lend cryptography.
  {
    files: ["host/crypto/src/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...NO_AMBIENT_AUTHORITY.filter((g) => g.name !== "Buffer")],
    },
  },
  { files: TOOL_ROOMS, rules: { "no-console": "off" } },
  { files: ["contracts/evm/src/abi.ts"], rules: { "max-lines": "off" } }, // generated
  { files: ["**/*.d.ts"], rules: { "no-restricted-syntax": "off" } },
  // solc ships no types.
  {
    files: ["contracts/**/*.ts", "**/src/**/decode-*.ts"],
    rules: { "@typescript-eslint/no-unsafe-assignment": "off" },
  },
  {
    files: TESTS,
    rules: {
      "max-lines-per-function": "off",
      "no-console": "off",
      "no-restricted-globals": "off",
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE],
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "describe", "it", "suite", "before", "after", "beforeEach", "afterEach"], package: "node:test" },
          ],
        },
      ],
    },
  },
);
