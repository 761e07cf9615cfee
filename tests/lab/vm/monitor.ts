import { once } from "node:events";
import { type Socket, connect } from "node:net";

/** Has a QEMU do something, as one would at its monitor, and waits until it is done: https://www.qemu.org/docs/master/interop/qmp-spec.html */
export async function monitor(socketFile: string, commandLine: string): Promise<void> {
  const socket = connect(socketFile);
  try {
    await once(socket, "connect");
    const answers = returns(socket);
    const ask = async (execute: string, args: object = {}): Promise<unknown> => {
      socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
      return (await answers.next()).value;
    };
    await ask("qmp_capabilities");
    const said = await ask("human-monitor-command", { "command-line": commandLine });
    if (said !== "") throw new Error(`QEMU's monitor said to "${commandLine}": ${String(said).trim()}`);
  } finally {
    socket.destroy();
  }
}

/** What is returned to one request after the other; greetings and events come in between. */
async function* returns(socket: Socket): AsyncGenerator<unknown, undefined> {
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) {
    const lines = (text + String(chunk)).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const answer = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if (answer.error) throw new Error(`QEMU's monitor: ${answer.error.desc}`);
      if ("return" in answer) yield answer.return;
    }
  }
  throw new Error("QEMU closed its monitor.");
}
