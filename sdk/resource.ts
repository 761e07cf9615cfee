import type * as pulumi from "@pulumi/pulumi";
// Not by the package's index, which loads the Automation API and an npm client with it: a quarter of a small program's time.
import { isSecret, output } from "@pulumi/pulumi/output";
import { createUrn, CustomResource, mergeOptions } from "@pulumi/pulumi/resource";

/**
 * What every resource takes. An argument may be a secret (`pulumi.secret`): it and all that is made from it are then encrypted in the state, and neither shown in
 * previews nor said in messages. What a resource is known by cannot be one: `host`, `name`, `domain`, `mac`.
 */
export interface ResourceArgs {
  /**
   * Which host of a fleet: a key of the provider's `hosts`. May be left out where the provider serves just one host.
   * Refused where the provider has several hosts and none is named, or none of that name. Changing it replaces the resource.
   */
  host?: pulumi.Input<string | undefined>;
  /**
   * Take over what exists on the host already and is not ours. Without it, something of the same name that this package
   * did not make is a conflict, named in preview and never touched. What was found is kept (secret, in the state), and
   * deleting the resource gives it back. Default: `false`.
   */
  adopt?: pulumi.Input<boolean | undefined>;
}

/** Each output of resource `R`, as undefined: a property that is missing here would be no Output on the resource. */
export type Outputs<R> = { readonly [K in Exclude<keyof R, keyof KvmnetResource>]: undefined };

/**
 * Sends what `pulumi.dynamic.Resource` sends, without its closure serializer: a type token, and as `__provider` a text
 * that evaluates to the handler. The text is constant, so that the state holds no code, an upgrade of this package
 * differs in nothing, and delete runs the installed code.
 */
export abstract class KvmnetResource extends CustomResource {
  /** The host of the fleet, as given. */
  declare readonly host: pulumi.Output<string | undefined>;

  protected constructor(
    type: string,
    name: string,
    args: ResourceArgs,
    outputs: Readonly<Record<string, undefined>>,
    opts: pulumi.CustomResourceOptions | undefined,
  ) {
    const token = `pulumi-nodejs:dynamic/kvmnet:${type}`;
    super(
      token,
      name,
      {
        ...{ host: undefined, ...outputs, ...args },
        ...{ __provider: handler(type), __urn: urn(name, token, opts?.parent), __secret: hasSecret(args) },
      },
      // What was there before: files and values of the host that the program never named.
      mergeOptions(opts, { additionalSecretOutputs: ["__before"] }),
    );
  }
}

/**
 * Whether an argument is a secret. The engine gives it to the handler without its mark, and knows of no text that the handler makes of it: the
 * handler marks these itself (provider/secret.ts), once it is told.
 */
function hasSecret(args: ResourceArgs): pulumi.Output<true | undefined> {
  return output(isSecret(output(args))).apply((found) => found || undefined);
}

/** Stands in every state: never to be changed once released. */
function handler(type: string): string {
  return `exports.handler=()=>require("pulumi-kvmnet/provider").${type.charAt(0).toLowerCase()}${type.slice(1)};`;
}

/**
 * The resource's own URN, by which the handler names it to the engine's log: a dynamic provider is not told it.
 *
 * Passed on as a bare promise. As an output of the parent it would make the resource depend on a component, which means on
 * all children of the component; these depend on this one by the same token, and each would wait for the other for ever.
 */
function urn(name: string, token: string, parent: pulumi.Resource | undefined): pulumi.Output<string> {
  const own = createUrn(name, token, parent) as unknown as { promise(): Promise<string> };
  return output(own.promise());
}
