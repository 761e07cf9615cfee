import { isMap, isScalar, isSeq, parseDocument, stringify, YAMLMap, type Pair, type YAMLSeq } from "yaml";
import { settingsOf } from "./netplanDevices";

/** What is the NIC's own: netplan-yaml(5), "Properties for physical device types" and of bonds and VLANs. */
const NICS =
  /^(match|set-name|wakeonlan|emit-lldp|.*-offload|renderer|macaddress|mtu|openvswitch|virtual-function-count|embedded-switch-mode|delay-virtual-functions-rebind|infiniband-mode|id|link|interfaces|parameters|auth|access-points|wakeonwlan|regulatory-domain|activation-mode|ignore-carrier|networkmanager)$/;

type Map_ = YAMLMap<unknown, unknown>;
type Item = Pair<unknown, unknown>;
const keyText = ({ key }: Item) => String(isScalar(key) ? key.value : key);

/** One device of a file, as a document of its own. */
export class Part {
  private readonly column: number;
  private readonly document;
  private readonly before: string;

  constructor(private readonly said: string) {
    this.column = said.length - said.trimStart().length;
    this.document = parseDocument(said.replaceAll(new RegExp(`^ {${this.column}}`, "gm"), ""));
    const root = this.document.contents as unknown as Map_;
    const value = root.items[0]!.value;
    if (!isMap(value)) root.items[0]!.value = new YAMLMap(this.document.schema);
    this.before = JSON.stringify(this.map);
  }

  static fresh = (name: string, column: number) => new Part(`${" ".repeat(column)}${stringify({ [name]: {} }).trimEnd()}`); // prettier-ignore

  get map(): Map_ {
    const map = (this.document.contents as unknown as Map_).items[0]!.value as Map_;
    map.flow = false;
    return map;
  }

  get(key: string): unknown {
    return (this.map.toJSON() as Record<string, unknown>)[key];
  }

  /** What is not the NIC's own. What both say stays as the first said it; lists are added up. */
  take(port: Part): void {
    const items = port.map.items as Item[];
    const moving = items.filter((item) => !NICS.test(keyText(item)));
    port.map.items = items.filter((item) => !moving.includes(item)) as never;
    for (const item of moving) {
      const had = this.map.get(keyText(item), true);
      if (had === undefined) this.map.items.push(item as never);
      else if (isSeq(had) && isSeq(item.value)) had.items.push(...item.value.items);
    }
  }

  set(key: string, value: unknown, flow = false): void {
    const node = this.document.createNode(value);
    if (flow && isSeq(node)) (node as YAMLSeq).flow = true;
    const item = (this.map.items as Item[]).find((item) => keyText(item) === key);
    if (item) item.value = node;
    else this.map.items.push(this.document.createPair(key, node) as never);
  }

  /** NetworkManager's own words, `ipv4.route-metric`, which netplan hands on as they are (netplan-yaml(5), `passthrough`). */
  get settings(): Readonly<Record<string, unknown>> {
    return settingsOf(this.map.toJSON() as Record<string, unknown>);
  }

  setSetting(key: string, value: string | undefined): void {
    const path = ["networkmanager", "passthrough"];
    if (value !== undefined) return void this.map.setIn([...path, key], value);
    if (!(key in this.settings)) return;
    this.map.deleteIn([...path, key]);
    for (const empty of [path, path.slice(0, 1)])
      if ((this.map.getIn(empty) as Map_ | undefined)?.items.length === 0) this.map.deleteIn(empty);
  }

  node = (value: unknown) => this.document.createNode(value);

  /** As it stood, where nothing of it has changed. */
  text(mark?: string): string {
    if (JSON.stringify(this.map) === this.before) return this.said;
    const lines = this.document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd().split("\n");
    if (mark !== undefined && !this.said.includes(mark)) lines.splice(1, 0, `  # ${mark}`);
    return lines.map((line) => (line === "" ? line : " ".repeat(this.column) + line)).join("\n");
  }
}
