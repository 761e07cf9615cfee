import { cidr } from "../parse";
import { moveCommand, parseCommand, prefixOf, type NetworkCommand } from "./ifupdownCommands";
import { parseStanza, type Stanza, type StanzaOption } from "./interfacesFile";

/** ifupdown-aware spelling: bridge_ports and bridge-ports are one option (to scripts both are $IF_BRIDGE_PORTS). */
export const plain = (keyword: string): string => keyword.replaceAll("_", "-");

export const isCommand = (keyword: string): boolean => /^(pre-up|up|post-up|down|pre-down|post-down)$/.test(keyword);

export const isStatic = ({ method }: Draft): boolean => method === "static";

/** A stanza while it is edited: only the options that are set change, all others keep every byte. */
export class Draft {
  /** Where the stanza stands: `path#section`; undefined for one that is new, or was a port's. */
  constructor(
    private stanza: Stanza,
    readonly key?: string,
  ) {}

  static fresh(iface: string, family: string, method: string): Draft {
    return new Draft(parseStanza(`iface ${iface} ${family} ${method}`));
  }

  get family(): string {
    return this.stanza.family;
  }
  get method(): string {
    return this.stanza.method;
  }
  get options(): readonly StanzaOption[] {
    return this.stanza.options;
  }
  get text(): string {
    return this.stanza.header + this.options.map(({ raw }) => raw).join("");
  }

  /** Renames the stanza or changes its method, with the header's own spacing; `inherits` goes where the stanza changes its role. */
  become(iface: string, method: string): void {
    const { header, family, iface: wasIface, method: wasMethod } = this.stanza;
    if (iface === wasIface && method === wasMethod) return;
    const [, start, between] = /^(\s*iface\s+)\S+(\s+\S+\s+)\S+/.exec(header) ?? [];
    const plainHeader = start?.includes("\\") || between?.includes("\\") || start === undefined;
    const text = plainHeader ? `iface ${iface} ${family} ${method}` : `${start}${iface}${between}${method}`;
    this.stanza = { header: text, iface, family, method, options: this.options };
  }

  values(keyword: string): string[] {
    return this.options.filter((option) => plain(option.keyword) === plain(keyword)).map(({ value }) => value);
  }
  /** The words of lists, one line or several, by these keywords' order. */
  words(...keywords: readonly string[]): string[] {
    return keywords.flatMap((keyword) => this.values(keyword)).flatMap((value) => value.split(/\s+/));
  }

  get(keyword: string): string | undefined {
    return this.values(keyword)[0];
  }

  /** Static address with its prefix: ifupdown's `netmask` wins over the `/24` in `address`; without either, the class's (0.8.41 computes it). */
  get address(): string | undefined {
    const [address = "", slash] = (this.get("address") ?? "").split("/");
    const netmask = this.get("netmask");
    const prefix =
      (netmask === undefined ? undefined : prefixOf(netmask)) ?? (slash === undefined ? undefined : prefixOf(slash));
    try {
      return cidr(`${address}/${prefix ?? classOf(address)}`);
    } catch {
      return undefined;
    }
  }

  /** The routes and addresses that commands set on this link. */
  commands(...links: string[]): (NetworkCommand & { readonly option: StanzaOption })[] {
    return this.options.flatMap((option) => {
      const command = isCommand(option.keyword) ? parseCommand(option.value) : undefined;
      return command && (command.dev === undefined || links.includes(command.dev)) ? [{ ...command, option }] : [];
    });
  }

  remove(...keywords: string[]): void {
    this.keep(({ keyword }) => !keywords.includes(plain(keyword)));
  }
  keep(isKept: (option: StanzaOption) => boolean): void {
    this.stanza = { ...this.stanza, options: this.options.filter(isKept) };
  }
  append(options: readonly StanzaOption[]): void {
    this.stanza = { ...this.stanza, options: [...this.options, ...options] };
  }

  /** Writes an option: in place where there is one, else before the commands, as people order them; `at` 0 is the top. */
  set(keyword: string, value: string, at?: number): void {
    const options = [...this.options];
    const index = options.findIndex((option) => plain(option.keyword) === plain(keyword) && !isCommand(keyword));
    const old = options[index];
    if (old) {
      options[index] = { ...old, value, raw: old.raw.slice(0, lineStart(old.raw)) + rewrite(old.raw, value) };
    } else {
      const firstCommand = options.findIndex((option) => isCommand(option.keyword));
      const last = isCommand(keyword) || firstCommand < 0 ? options.length : firstCommand;
      options.splice(at ?? last, 0, { keyword, value, raw: `${this.newline}${this.indent}${keyword} ${value}` });
    }
    this.stanza = { ...this.stanza, options };
  }

  /** Puts a comment above the first option, where it belongs to the stanza. */
  comment(text: string): void {
    const [first, ...rest] = this.options;
    if (!first) return;
    this.stanza = {
      ...this.stanza,
      options: [{ ...first, raw: `${this.newline}${this.indent}# ${text}${first.raw}` }, ...rest],
    };
  }

  /** A port's stanza as it is to be on the bridge. */
  moved(port: string, bridge: string, isMoved: (option: StanzaOption) => boolean): Draft {
    const options = this.options.filter(isMoved).map((option) => {
      const raw = option.raw.replaceAll("\r\n", "\n");
      if (!isCommand(option.keyword)) return { ...option, raw };
      const start = lineStart(raw);
      const value = moveCommand(option.value, port, bridge);
      // The option's own line: the comments above it are the owner's words.
      return { ...option, value, raw: raw.slice(0, start) + moveCommand(raw.slice(start), port, bridge) };
    });
    const draft = new Draft({ ...this.stanza, options });
    draft.become(bridge, this.method);
    return draft;
  }

  private get indent(): string {
    const raw = this.options[0]?.raw;
    return raw === undefined ? "    " : /^[ \t]*/.exec(raw.slice(lineStart(raw)))![0];
  }
  private get newline(): string {
    return /^\r?\n/.exec(this.options[0]?.raw ?? "\n")![0];
  }
}

/** Where an option's own line begins in its `raw`: after the terminator, comments and blank lines. */
const lineStart = (raw: string): number => /^(\r?\n[ \t\v\f\r]*(#[^\n]*)?(?=\n))*\r?\n/.exec(raw)?.[0].length ?? 0;

const rewrite = (raw: string, value: string): string =>
  raw.slice(lineStart(raw)).replace(/^(\s*\S+[ \t]+)[\s\S]*$/, (_, start: string) => start + value);

/** The prefix that an address has by its class, RFC 791; an IPv6 address without prefix stands alone. */
function classOf(address: string): number {
  if (address.includes(":")) return 128;
  const first = Number(address.split(".")[0]);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/**
 * bridge-utils gives an option's words to brctl(8), which takes those that it needs: what follows is a comment to their writer, as in
 * Debian's wiki (`bridge_fd 0  # no forwarding delay`), though interfaces(5) knows of none there.
 */
export const firstWord = (value: string | undefined): string | undefined => value?.trim().split(/\s+/)[0];

/** As brctl(8) has it (`brctl stp BRIDGE on`). */
export const isOn = (value: string | undefined): boolean => /^(on|yes|1)$/.test(firstWord(value) ?? "");
