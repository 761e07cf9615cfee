/** As tsc does for ES2022: class fields are defined, and `declare readonly x` emits nothing. */
const swc = {
  jsc: { parser: { syntax: "typescript" }, target: "es2022", transform: { useDefineForClassFields: true } },
  module: { type: "commonjs" },
  sourceMaps: "inline",
};

const project = ([displayName, testSeconds]) => ({
  displayName,
  rootDir: __dirname,
  testMatch: [`<rootDir>/tests/${displayName}/**/*.test.ts`],
  globals: { testSeconds },
  setupFilesAfterEnv: ["<rootDir>/tests/toolchain/timeout.ts"],
  transform: { "\\.ts$": ["@swc/jest", swc] },
  // Tests load the sources; dist is for the processes that they start.
  moduleNameMapper: {
    "^pulumi-kvmnet$": "<rootDir>/sdk/index.ts",
    "^pulumi-kvmnet/provider$": "<rootDir>/provider/index.ts",
  },
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
  cacheDirectory: `${__dirname}/node_modules/.cache/jest`,
});

const seconds = { unit: 10, golden: 10, contract: 120, e2e: 600 };

module.exports = {
  testSequencer: "<rootDir>/tests/toolchain/longestFirst.cjs",
  projects: Object.entries(seconds).map(project),
};
