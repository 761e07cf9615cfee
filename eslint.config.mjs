import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/**
 * The import rules of provider/ARCHITECTURE.md. `may` says which relative paths the files may import, as a pattern of the
 * whole path, so a detour ("../kernel/../host/ssh") is refused too. A file takes the last row that names it.
 */
const base = "disruption|errors|facts|hostState|parse|shell";
const planAndHelpers = "guards|hazard|interfaceSteps|networkPlan|op|plan|project|sections|simulate|takeOver";
const asking = "(backends|kernel|libvirt)/\\w+";

const importRules = [
  {
    files: ["provider/*.ts"],
    may: `\\./(errors|facts|hostState|shell|bytes|${planAndHelpers}|${asking})`,
    rule: "plan and its helpers import hostState, errors, facts, shell, bytes, backends, kernel, libvirt and each other",
  },
  {
    files: ["provider/{disruption,errors,hostState,shell,bytes,stateProperties}.ts"],
    may: "",
    rule: "disruption, hostState, errors, shell, bytes and stateProperties import nothing of ours",
  },
  { files: ["provider/parse.ts"], may: "\\./errors", rule: "parse imports nothing of ours but errors" },
  { files: ["provider/facts.ts"], may: "\\./hostState", rule: "facts imports nothing of ours but hostState" },
  {
    files: ["provider/resource.ts"],
    may: `\\./(${base})`,
    rule: "resource.ts imports disruption, hostState, errors, parse, shell and facts",
  },
  {
    files: ["provider/{backends,kernel,libvirt}/**/*.ts"],
    may: `\\./\\w+|\\.\\./(${base})`,
    rule: "backends, kernel and libvirt import disruption, hostState, errors, parse, shell, facts and files of their own folder",
  },
  {
    files: ["provider/resources/**/*.ts"],
    may: `\\./\\w+|\\.\\./(${base}|resource|hazard|sections|${asking})`,
    rule: "resources import disruption, hostState, errors, parse, shell, facts, resource.ts, hazard, sections, backends, kernel, libvirt and each other",
  },
  {
    files: ["provider/host/**/*.ts"],
    may: `\\./\\w+|\\.\\./(errors|facts|hostState|shell|bytes|${planAndHelpers}|(backends|kernel|libvirt)/\\w+)`,
    rule: "host imports plan and its helpers, hostState, errors, facts, shell, bytes, backends, kernel, libvirt and files of its own folder",
  },
  {
    files: ["provider/{index,lifecycle,check}.ts"],
    may: "\\./\\w+(/\\w+)?",
    rule: "index, lifecycle and check import all of provider, and nothing outside of it",
  },
];

const isHost = ({ files }) => files[0].startsWith("provider/host/");
const see = "See provider/ARCHITECTURE.md.";
const paths = ({ may, rule }) => ({ regex: `^(?!(${may})$)\\.`, message: `${rule}. ${see}` });
const engineOnly = {
  regex: "^(pulumi-kvmnet|@pulumi/pulumi(?!/proto/))",
  message: `provider runs in the engine's process: it imports neither @pulumi/pulumi (but its proto/) nor the sdk. ${see}`,
};
const modules =
  "child_process|cluster|dgram|dns|fs|http|http2|https|net|os|process|readline|tls|worker_threads|ssh2|@grpc";
const inputOutput = {
  regex: `^(node:)?(${modules})(/|$)`,
  message: `Only provider/host does I/O: take what you need as an argument. ${see}`,
};

/** Imports that no-restricted-imports does not look at: `import("…")`, `typeof import("…")` and `require("…")`. */
const lateImports = (pattern, message) =>
  [
    `ImportExpression[source.value=${pattern}]`,
    `TSImportType[source.value=${pattern}]`,
    `CallExpression[callee.name='require'][arguments.0.value=${pattern}]`,
  ].map((selector) => ({ selector, message }));
const lateRule = `Import at the top of the file, where the import rules are held. ${see}`;

export default defineConfig(
  globalIgnores(["dist", "node_modules", "tests/golden/*/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/no-require-imports": "off", // the engine's log service is loaded on its first message
      "@typescript-eslint/no-unused-vars": "off", // tsc does it: noUnusedLocals, noUnusedParameters
    },
  },

  ...importRules.map((row) => ({
    files: row.files,
    rules: {
      "no-restricted-imports": ["error", { patterns: [paths(row), engineOnly, ...(isHost(row) ? [] : [inputOutput])] }],
    },
  })),
  {
    files: ["provider/**/*.ts"],
    ignores: ["provider/host/**"],
    rules: { "no-restricted-syntax": ["error", ...lateImports("/./", lateRule)] },
  },
  {
    files: ["provider/host/**/*.ts"], // may load a package on its first use
    rules: { "no-restricted-syntax": ["error", ...lateImports("/^[.]/", lateRule)] },
  },

  {
    files: ["sdk/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(\\.\\./|pulumi-kvmnet)",
              allowTypeImports: true,
              message: `sdk imports only types of provider: programs must not load the engine's half. ${see}`,
            },
            {
              regex: "^\\.\\./(?!provider/)",
              message: `sdk imports nothing of ours but its own files and types of provider. ${see}`,
            },
          ],
        },
      ],
    },
  },
  {
    files: ["examples/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^\\.|^pulumi-kvmnet/", message: "An example imports what its reader would: pulumi-kvmnet." },
          ],
        },
      ],
    },
  },
);
