import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** The import rules of provider/ARCHITECTURE.md as eslint.config.mjs holds them: per folder, what may be imported and what not. */
const rules: readonly { readonly file: string; readonly may: readonly string[]; readonly mayNot: readonly string[] }[] =
  [
    {
      file: "provider/hostState.ts",
      may: ["node:util"],
      mayNot: ["./errors", "./facts", "./kernel/link"],
    },
    { file: "provider/errors.ts", may: ["node:util"], mayNot: ["./hostState", "../sdk/bridge"] },
    { file: "provider/shell.ts", may: [], mayNot: ["./hostState"] },
    { file: "provider/parse.ts", may: ["ipaddr.js", "./errors"], mayNot: ["./hostState", "./kernel/link"] },
    { file: "provider/facts.ts", may: ["./hostState"], mayNot: ["./plan", "./host/probe"] },
    {
      file: "provider/backends/netplan.ts",
      may: ["./backend", "../hostState", "../errors", "../parse", "../facts", "../shell"],
      mayNot: ["../kernel/link", "../plan", "../host/ssh", "../backends/../host/ssh", "./../lifecycle"],
    },
    {
      file: "provider/kernel/route.ts",
      may: ["./link", "../hostState"],
      mayNot: ["../libvirt/network", "../resources/bridge"],
    },
    {
      file: "provider/libvirt/pool.ts",
      may: ["./network", "xmlbuilder2"],
      mayNot: ["../backends/backend", "../lifecycle"],
    },
    {
      file: "provider/resources/bond.ts",
      may: ["../parse", "../resource", "../backends/backend", "../kernel/link", "../libvirt/network", "./sysctls"],
      mayNot: ["../plan", "../host/session", "../lifecycle", "../index", ".."],
    },
    {
      file: "provider/plan.ts",
      may: ["./hostState", "./errors", "./project", "./backends/backend", "./kernel/link", "node:crypto"],
      mayNot: ["./resources/bridge", "./host/script", "./lifecycle", "./resource"],
    },
    { file: "provider/aNewHelper.ts", may: ["./plan", "./facts"], mayNot: ["./host/ssh", "./index", "."] },
    {
      file: "provider/host/ssh.ts",
      may: [
        "./transport",
        "../plan",
        "../hostState",
        "../facts",
        "../kernel/file",
        "ssh2",
        "node:fs",
        "../backends/takeOver",
        "node:child_process",
      ],
      mayNot: ["../resources/bridge", "../lifecycle", "../../sdk/bridge"],
    },
    {
      file: "provider/lifecycle.ts",
      may: ["./plan", "./host/session", "./resources/bridge", "./resource"],
      mayNot: ["../sdk/bridge", "../tests/lab/lab", "./host/../../sdk/bridge"],
    },
    { file: "provider/index.ts", may: ["./lifecycle", "./resources/bridge", "./host/ssh"], mayNot: ["../sdk"] },
    {
      file: "sdk/bond.ts",
      may: ["./resource", "@pulumi/pulumi"],
      mayNot: ["../provider/parse", "pulumi-kvmnet/provider"],
    },
    {
      file: "examples/bond/index.ts",
      may: ["pulumi-kvmnet", "@pulumi/pulumi"],
      mayNot: ["../../sdk", "pulumi-kvmnet/provider"],
    },
  ];

const importOf = (name: string) => `import * as it from "${name}";\nconsole.log(it);\n`;
const pure = [
  "provider/hostState.ts",
  "provider/kernel/route.ts",
  "provider/resources/bond.ts",
  "provider/lifecycle.ts",
];
const io = ["node:fs", "fs", "node:fs/promises", "node:net", "node:child_process", "ssh2", "node:os", "@grpc/grpc-js"];

interface Case {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly refused: boolean;
}

const cases: readonly Case[] = [
  ...rules.flatMap(({ file, may, mayNot }) => [
    ...may.map((name) => ({ name: `${file} may import ${name}`, path: file, text: importOf(name), refused: false })),
    ...mayNot.map((name) => ({
      name: `${file} may not import ${name}`,
      path: file,
      text: importOf(name),
      refused: true,
    })),
  ]),
  ...pure.flatMap((path) => [
    ...io.map((name) => ({ name: `${path} does no I/O by ${name}`, path, text: importOf(name), refused: true })),
    ...["node:crypto", "node:util", "node:path"].map((name) => ({
      name: `${path} may import ${name}`,
      path,
      text: importOf(name),
      refused: false,
    })),
  ]),
  ...[...pure, "provider/host/ssh.ts"].map((path) => ({
    name: `${path} does not import @pulumi/pulumi`,
    path,
    text: importOf("@pulumi/pulumi"),
    refused: true,
  })),
  {
    name: "the engine's log messages may be imported",
    path: "provider/host/log.ts",
    text: importOf("@pulumi/pulumi/proto/engine_pb"),
    refused: false,
  },
  ...[
    `import type { Plan } from "../host/script";\nexport type X = Plan;\n`,
    `export * from "../host/script";\n`,
    `export { plan } from "../plan";\n`,
    `export const late = () => import("../host/script");\n`,
    `export const late = () => require("../host/script");\n`,
    `export type Late = typeof import("../host/script");\n`,
    `export const late = () => require("node:fs");\n`,
  ].map((text) => ({
    name: `no way around the rules: ${text.split("\n")[0]}`,
    path: "provider/kernel/route.ts",
    text,
    refused: true,
  })),
  {
    name: "host may load a package on its first use",
    path: "provider/host/log.ts",
    text: `export const late = () => require("@grpc/grpc-js");\n`,
    refused: false,
  },
  {
    name: "but no file of ours",
    path: "provider/host/log.ts",
    text: `export const late = () => require("../lifecycle");\n`,
    refused: true,
  },
  {
    name: "sdk may import types of provider",
    path: "sdk/bond.ts",
    text: `import type { LinkState } from "../provider/hostState";\nexport type { Op } from "../provider/plan";\nexport type X = LinkState;\n`,
    refused: false,
  },
];

let answers: readonly (readonly string[])[];

// In a process of its own: eslint loads its configuration as an ES module, which jest's own loader does not.
beforeAll(() => {
  const root = resolve(__dirname, "../..");
  const linter = spawnSync(process.execPath, ["tests/toolchain/lintTexts.mjs"], {
    cwd: root,
    input: JSON.stringify(cases),
    encoding: "utf8",
  });
  if (linter.status !== 0) throw new Error(linter.stderr);
  answers = JSON.parse(linter.stdout) as string[][];
});

test.each(cases.map(({ name, refused }, i) => [name, refused, i] as const))("%s", (_name, refused, i) => {
  const messages = answers[i]!;
  if (!refused) return expect(messages).toEqual([]);
  expect(messages).not.toEqual([]);
  for (const message of messages) {
    expect(message).toMatch(/^no-restricted-(imports|syntax): /);
    if (!cases[i]!.path.startsWith("examples/")) expect(message).toContain("provider/ARCHITECTURE.md");
  }
});
