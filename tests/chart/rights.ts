import { parseAllDocuments } from "yaml";
import { type Json, listAt, textAt } from "../../src/model/json.ts";

/** The objects of a YAML text of many documents. */
export function objectsOf(yaml: string): readonly Json[] {
  return parseAllDocuments(yaml).map((document): Json => document.toJS()).filter((object) => object !== null);
}

/** Objects of one kind. */
export function ofKind(objects: readonly Json[], kind: string): readonly Json[] {
  return objects.filter((object) => textAt(object, "kind") === kind);
}

/** A rule with one verb on one resource. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  /** With its subresource. */
  readonly resource: string;
  /** Undefined: of any name. */
  readonly names: readonly string[] | undefined;
}

/** Every right that Roles or ClusterRoles give. */
export function rightsOf(roles: readonly Json[]): readonly Right[] {
  const texts = (from: unknown, key: string): readonly string[] => listAt(from, key).map(String);
  return roles.flatMap((role) =>
    listAt(role, "rules").flatMap((rule) => {
      const names = texts(rule, "resourceNames");
      return texts(rule, "apiGroups").flatMap((group) =>
        texts(rule, "resources").flatMap((resource) =>
          texts(rule, "verbs").map((verb) => ({
            verb,
            group,
            resource,
            names: names.length === 0 ? undefined : names,
          }))
        )
      );
    })
  );
}

/** A right as one line, without the names that it is bound to. */
export function lineOf({ verb, group, resource, names }: Right): string {
  return `${verb} ${group}/${resource}${names === undefined ? "" : " by name"}`;
}
