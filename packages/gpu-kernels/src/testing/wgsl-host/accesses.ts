import type { Access } from './run.ts';

/** What a GPU serves at once: 128 bytes, lanes of a quarter of a subgroup of 32 with 16 bytes each, or of a half with 8. */
const QUARTER = 8;
const BANKS = 32;
const SECTOR_BYTES = 32;

/** Accesses that a quarter of a subgroup makes at once, or as many lanes as said. */
function quarters(accesses: readonly Access[], lanes = QUARTER): Access[][] {
  const together = new Map<string, Access[]>();
  for (const access of accesses) {
    const { workgroup, site, occurrence, invocation } = access;
    const key = [workgroup, site, occurrence, Math.floor(invocation / lanes)].join();
    const own = together.get(key);
    if (own) own.push(access);
    else together.set(key, [access]);
  }
  return [...together.values()];
}

/**
 * How often the busiest bank is asked for another word at once: 1 is no conflict. Banks are 32, of 4 bytes; lanes that ask
 * for the same word ask once.
 * @param accesses to workgroup memory, vec4s all
 * @param bytes of one number
 */
export function worstBankConflict(accesses: readonly Access[], bytes: 2 | 4 = 4): number {
  let worst = 0;
  for (const quarter of quarters(accesses, (QUARTER * 4) / bytes)) {
    const words = new Set(
      quarter.flatMap(({ memory, index, width }) =>
        Array.from({ length: width }, (_, i) => `${memory} ${Math.floor(((index * width + i) * bytes) / 4)}`),
      ),
    );
    const asked = Array.from({ length: BANKS }, () => 0);
    for (const word of words) {
      const bank = Number(word.split(' ')[1]) % BANKS;
      asked[bank] = (asked[bank] ?? 0) + 1;
    }
    worst = Math.max(worst, ...asked);
  }
  return worst;
}

/**
 * The smallest share of the memory that a quarter asks for, in sectors of 32 bytes, that it uses.
 * @param accesses to buffers whose elements are multiples of 8 bytes
 * @param bytes of one number, by the memory's name; 4 if absent
 */
export function worstSectorUse(
  accesses: readonly Access[],
  bytes: Readonly<Record<string, number>> = {},
): number {
  let worst = 1;
  for (const quarter of quarters(accesses)) {
    const [used, sectors] = [new Set<number>(), new Set<number>()];
    for (const { memory, index, width } of quarter) {
      const size = width * (bytes[memory] ?? 4);
      for (let byte = index * size; byte < (index + 1) * size; byte++) {
        used.add(byte);
        sectors.add(Math.floor(byte / SECTOR_BYTES));
      }
    }
    worst = Math.min(worst, used.size / (sectors.size * SECTOR_BYTES));
  }
  return worst;
}
