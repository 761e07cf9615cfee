import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { dial } from "./dial";
import { SessionRefused, type Channel, type Exit, type Line } from "./line";
import type { Destination } from "./sshConfig";

/** While a script runs, milliseconds: how often the host is asked for a sign of life, and after how long without one it is given up. */
const KEEPALIVE = 5_000;
const SILENCE = 15_000;

/** By ssh2; through each jump host in turn, over a channel of the one before it. */
export async function ssh2Line(destination: Destination, deadline: number, onLost: () => void): Promise<Line> {
  const line = new Ssh2Line(destination, onLost);
  try {
    for (const hop of [...destination.jumps, destination]) await line.add(hop, deadline);
    return line;
  } catch (error) {
    line.end();
    throw error;
  }
}

class Ssh2Line implements Line {
  lost: Error | undefined;
  private readonly clients: Client[] = [];
  private readonly sockets: Duplex[] = [];
  private holders = 0;
  private watch: NodeJS.Timeout | undefined;
  private heard = 0;

  constructor(
    readonly destination: Destination,
    private readonly onLost: () => void,
  ) {}

  async add(hop: Destination, deadline: number): Promise<void> {
    const { client, socket } = await dial(hop, deadline, this.clients.at(-1));
    this.clients.push(client);
    this.sockets.push(socket);
    const lost = (error?: Error) => {
      this.lost ??= error ?? new Error("the connection was closed");
      clearInterval(this.watch);
      this.onLost();
    };
    // Before ssh2 hears of it, and ends the channels.
    socket.prependListener("error", lost).prependListener("close", () => lost());
    client.on("error", lost);
    if (this.clients.length > this.destination.jumps.length) this.tcp?.unref();
  }

  exec(command: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      this.client.exec(command, (error: (Error & { reason?: unknown }) | undefined, channel) => {
        if (!error) resolve(new Ssh2Channel(channel));
        else reject(error.reason === undefined ? error : new SessionRefused(error.message));
      });
    });
  }

  hold(): void {
    if (this.holders++ > 0) return;
    this.tcp?.ref();
    this.heard = Date.now();
    clearInterval(this.watch);
    this.watch = setInterval(() => this.ask(), KEEPALIVE);
  }

  release(): void {
    if (--this.holders > 0) return;
    clearInterval(this.watch);
    this.tcp?.unref();
  }

  end(): void {
    this.lost ??= new Error("this side closed the connection");
    for (const client of this.clients.toReversed()) client.end();
    this.tcp?.destroySoon();
  }

  private get client(): Client {
    return this.clients.at(-1)!;
  }

  /** To the host, or to the first jump host. */
  private get tcp(): Socket | undefined {
    return this.sockets[0] as Socket | undefined;
  }

  /** A request that any host answers, with no: a forwarding that was never there shall end. ssh2's own keepalive has a timer that cannot be unref'd. */
  private ask(): void {
    if (Date.now() - this.heard > SILENCE) {
      this.tcp?.destroy(new Error(`no sign of life for ${Math.round((Date.now() - this.heard) / 1000)} s`));
      return;
    }
    try {
      this.client.unforwardIn("localhost", 1, () => (this.heard = Date.now()));
    } catch {
      // not connected any more; `close` says so
    }
  }
}

class Ssh2Channel implements Channel {
  readonly closed: Promise<Exit | undefined>;

  constructor(private readonly channel: ClientChannel) {
    this.closed = new Promise((resolve) => {
      let exit: Exit | undefined;
      channel.on("exit", (code: number | null, signal?: string) => (exit = signal ? { code, signal } : { code }));
      channel.on("close", () => resolve(exit));
    });
  }

  get stdin(): ClientChannel {
    return this.channel;
  }

  get stdout(): ClientChannel {
    return this.channel;
  }

  get stderr() {
    return this.channel.stderr;
  }

  destroy(): void {
    this.channel.destroy();
  }
}
