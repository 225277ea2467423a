const CLASS_OFFSET = 4;
const CLASS_64 = 2;
const SECTIONS_OFFSET = 0x28;
const SECTION_SIZE_OFFSET = 0x3a;
const SECTION_COUNT_OFFSET = 0x3c;

/**
 * The length of an ELF file of 64 bits (elf(5)) that ends with its section headers, without what was appended to it.
 *
 * @throws when it is none
 */
export function elfLength(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.byteLength < 64 || view.getUint32(0) !== 0x7f454c46 || view.getUint8(CLASS_OFFSET) !== CLASS_64) {
    throw new Error("Cannot find the end of an executable: it must be an ELF file of 64 bits");
  }
  const sections = Number(view.getBigUint64(SECTIONS_OFFSET, true));
  const size = view.getUint16(SECTION_SIZE_OFFSET, true);
  return sections + size * view.getUint16(SECTION_COUNT_OFFSET, true);
}
