import { abortSignalLast } from "./rules/abort_signal_last.ts";
import { bannedNames } from "./rules/banned_names.ts";
import { noBarrel } from "./rules/no_barrel.ts";
import { noDynamicImport } from "./rules/no_dynamic_import.ts";
import { noGlobalsOfTime } from "./rules/no_globals_of_time.ts";
import { noModuleState } from "./rules/no_module_state.ts";
import { roomOrder } from "./rules/room_order.ts";
import { statusNumbersInOnePlace } from "./rules/status_numbers_in_one_place.ts";

/** The rules of the house, for `deno lint`. */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "room-order": roomOrder,
    "no-globals-of-time": noGlobalsOfTime,
    "no-barrel": noBarrel,
    "no-module-state": noModuleState,
    "no-dynamic-import": noDynamicImport,
    "abort-signal-last": abortSignalLast,
    "banned-names": bannedNames,
    "status-numbers-in-one-place": statusNumbersInOnePlace,
  },
};
export default plugin;
