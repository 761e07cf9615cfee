import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { type LabHost, down, guest, must, operator, up, useOwnLab } from "../lab/lab";
import { ensurePulumi, pulumiEnv } from "../toolchain/pulumi";

const root = resolve(__dirname, "../..");
const npm = { timeoutMs: 300_000 };
/** The program under the comment that says where it comes from, as a reader would copy it. */
const quickstart = (): string =>
  /<!-- examples\/quickstart\/index\.ts -->\s*```ts\n([\s\S]*?)```/.exec(
    readFileSync(join(root, "README.md"), "utf8"),
  )?.[1] ?? "README.md has no quickstart";

describe("the package that npm pack makes", () => {
  const dir = mkdtempSync(join(tmpdir(), "kvmnet-pack-"));
  const project = join(dir, "project");
  let tarball: string;
  let host: LabHost;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    useOwnLab("pack");
    await must(["npm", "pack", "--silent", "--pack-destination", dir], { cwd: root, ...npm });
    tarball = join(dir, readdirSync(dir).find((name) => name.endsWith(".tgz")) ?? "no tarball");
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await down();
  });

  it("is what the README shows: its quickstart is the example", () => {
    expect(quickstart()).toBe(readFileSync(join(root, "examples/quickstart/index.ts"), "utf8"));
  });

  it("holds the build, README, LICENSE and CHANGELOG, and no more", async () => {
    const files = (await must(["tar", "-tzf", tarball])).trimEnd().split("\n");
    for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "package.json"])
      expect(files).toContain(`package/${file}`);
    for (const file of ["sdk/index.js", "sdk/index.d.ts", "provider/index.js"])
      expect(files).toContain(`package/dist/${file}`);
    const others =
      /^package\/(dist\/(sdk|provider)\/.*\.(js|d\.ts|js\.map)|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
    expect(files.filter((file) => !others.test(file))).toEqual([]);
  });

  it("installs into an empty TypeScript project", async () => {
    // As `pulumi new typescript` writes them, without the names it asks for.
    mkdirSync(project);
    const write = (name: string, content: string): void => writeFileSync(join(project, name), content);
    write("Pulumi.yaml", "name: pasted\nruntime: nodejs\n");
    write("package.json", JSON.stringify({ name: "pasted", main: "index.ts", private: true }));
    const compilerOptions = {
      ...{
        strict: true,
        outDir: "bin",
        target: "es2020",
        module: "commonjs",
        moduleResolution: "node",
        sourceMap: true,
      },
      ...{
        pretty: true,
        noFallthroughCasesInSwitch: true,
        noImplicitReturns: true,
        forceConsistentCasingInFileNames: true,
      },
    };
    write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    write("index.ts", quickstart());
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    const others = ["@pulumi/pulumi", "typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
    await must(
      ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...others],
      { cwd: project, ...npm },
    );
    expect(readdirSync(join(project, "node_modules/pulumi-kvmnet")).sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json"].sort(),
    );
  });

  it("deploys the README's quickstart, pasted there, with types checked", async () => {
    host = await up("kvm1");
    await guest(host, "web", { shutOff: true });
    const { bin } = await ensurePulumi();
    const node = join(root, "node_modules/node/bin"); // the machine's own may be older than `engines` asks
    env = { ...pulumiEnv(join(dir, "home")), PATH: [bin, node, process.env["PATH"]].join(delimiter) };
    await pulumi("stack", "init", "dev");
    await pulumi("up", "--yes", "--skip-preview");
    expect(JSON.parse(await pulumi("stack", "output", "--json"))).toEqual({
      hostAddresses: ["10.0.0.11/24"],
      web: { lanMac: "52:54:00:ad:4c:86", natAddress: "192.168.123.10" },
    });
    await pulumi("preview", "--expect-no-changes");
    expect(await host.must("virsh -q domiflist web")).toMatch(
      /bridge +br0 .*\n.*network +lab |network +lab .*\n.*bridge +br0 /,
    );
  });

  it("refuses a program with a wrong type, in the words of the compiler", async () => {
    writeFileSync(join(project, "index.ts"), quickstart().replace(`ports: ["eth0"]`, "ports: [1]"));
    await expect(pulumi("preview")).rejects.toThrow(/index\.ts.*error.*Type 'number' is not assignable to type/s);
  });

  async function pulumi(...args: string[]): Promise<string> {
    const argv = ["pulumi", ...args, "--non-interactive", "--color", "never"];
    const { code, stdout, stderr } = await operator(argv, { cwd: project, env });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed (exit ${code}):\n${stdout}\n${stderr}`);
    return stdout;
  }
});
