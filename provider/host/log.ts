import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { printable } from "../errors";
import { engineAddress } from "./engine";

/**
 * Messages to the person at the terminal, through the engine's own log service (pulumirpc.Engine/Log): a warning becomes a
 * diagnostic of its resource, a status stands in the resource's line while it works. Without an engine, as in a test, messages go nowhere.
 */
export const log = {
  /** Shown by `pulumi up --debug`. */
  debug: (message: string) => send("DEBUG", message, "", false),
  info: (urn: string, message: string) => send("INFO", message, urn, false),
  warning: (urn: string, message: string) => send("WARNING", message, urn, false),
  status: (urn: string, message: string) => send("INFO", message, urn, true),
};

let engine: EngineClient | undefined;
let last: Promise<void> = Promise.resolve();

/** In the order in which they were said, and never a reason to fail: the work counts, not what is said of it. */
function send(severity: "DEBUG" | "INFO" | "WARNING", message: string, urn: string, ephemeral: boolean): Promise<void> {
  const address = engineAddress();
  if (address === undefined) return last;
  last = last.then(
    () =>
      new Promise((resolve) => {
        try {
          // Loaded when first needed, from the SDK that runs this process.
          const { EngineClient } =
            require("@pulumi/pulumi/proto/engine_grpc_pb") as typeof import("@pulumi/pulumi/proto/engine_grpc_pb");
          const { LogRequest, LogSeverity } =
            require("@pulumi/pulumi/proto/engine_pb") as typeof import("@pulumi/pulumi/proto/engine_pb");
          const { credentials } = require("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
          engine ??= new EngineClient(address, credentials.createInsecure());
          const request = new LogRequest();
          request.setSeverity(LogSeverity[severity]);
          request.setMessage(printable(message));
          request.setUrn(urn);
          request.setEphemeral(ephemeral);
          engine.log(request, () => resolve());
        } catch {
          resolve();
        }
      }),
  );
  return last;
}
