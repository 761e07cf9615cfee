import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { IfcfgFile } from "../../provider/backends/ifcfgFile";
import { folders, readTree } from "../golden/folder";

const text = `# the LAN
DEVICE="eth0" # first
NAME='System eth0'
 export ONBOOT=yes;

IPADDR=10.0.0.1
IPADDR=10.0.0.11
DOMAIN="a \\"b\\" \\$c"
EMPTY=
`;

test("it reads as a shell does, and what is not changed stays", () => {
  const file = new IfcfgFile(text);
  expect([file.get("DEVICE"), file.get("NAME"), file.get("ONBOOT")]).toEqual(["eth0", "System eth0", "yes"]);
  expect([file.get("IPADDR"), file.get("DOMAIN"), file.get("EMPTY")]).toEqual(["10.0.0.11", 'a "b" $c', undefined]);
  expect(file.text).toBe(text);
  file.set("NAME", "System eth0");
  expect(file.text).toBe(text);
  file.set("IPADDR", "10.0.0.12");
  file.set("ETHTOOL_OPTS", 'a "b" $c');
  file.set("ONBOOT", undefined);
  expect(file.text).toBe(
    text.replace("IPADDR=10.0.0.11", "IPADDR=10.0.0.12").replace(" export ONBOOT=yes;\n", "") +
      'ETHTOOL_OPTS="a \\"b\\" \\$c"\n',
  );
  expect(new IfcfgFile(file.text).get("ETHTOOL_OPTS")).toBe('a "b" $c');
});

test.each(["IPADDR=$(cat x)", "IPADDR=`cat x`", ". ./other", "[ -f x ] && A=b", "A=b c", 'A="b', "A=$B"])(
  "%s is more than an assignment",
  (line) => expect(new IfcfgFile(`DEVICE=eth0\n${line}\n`).program).toBe(line),
);

test("comments and blank lines are no program", () => expect(new IfcfgFile(text.replace("\\$c", "")).program).toBeUndefined()); // prettier-ignore

/** network-scripts source them. */
test("what is rendered means to a shell what it means to us", () => {
  let files = 0;
  for (const kind of ["bridge", "owners"])
    for (const title of folders(join(__dirname, "../golden", kind)).filter((title) => title.startsWith("ifcfg-"))) {
      const rendered = readTree(join(__dirname, "../golden", kind, title, "expected"));
      for (const path of Object.keys(rendered).filter((path) => /\/ifcfg-/.test(path))) {
        files++;
        const file = new IfcfgFile(rendered[path]!);
        expect(`${title}/${path}: ${file.program}`).toBe(`${title}/${path}: undefined`);
        const script = `set -eu\n${rendered[path]}\nfor k in ${file.keys.join(" ")}; do eval "printf '%s=%s\\n' $k \\"\\$$k\\""; done`;
        const said = execFileSync("sh", ["-c", script], { encoding: "utf8", env: {} });
        expect(said).toBe(file.keys.map((key) => `${key}=${file.get(key)}\n`).join(""));
      }
    }
  expect(files).toBeGreaterThan(40);
});
