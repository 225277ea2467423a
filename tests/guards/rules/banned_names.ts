import { pathOf } from "../rooms.ts";

const IN_CODE = /(Manager|Helpers?|Utils?|Service|Base)$/;
const IN_PATHS = /(^|[/_])(manager|helpers?|utils?|service|base)(_test)?\.[jt]sx?$/;

/** A name says what a thing is; words that fit everything say nothing. */
export const bannedNames: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    const judge = (node: { readonly id: Deno.lint.Identifier | null } & Deno.lint.Node): void => {
      const word = node.id === null ? undefined : IN_CODE.exec(node.id.name)?.[1];
      if (word !== undefined) report(node, word);
    };
    const report = (node: Deno.lint.Node, word: string): void =>
      context.report({ node, message: `${word} says nothing: name it for what it does` });
    return {
      Program(node) {
        const word = IN_PATHS.exec(path)?.[2];
        if (word !== undefined) report(node, word);
      },
      ClassDeclaration: judge,
      ClassExpression: judge,
      TSInterfaceDeclaration: judge,
      TSTypeAliasDeclaration: judge,
    };
  },
};
