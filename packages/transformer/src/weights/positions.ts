import type { Gpu, Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { POSITION_TABLE, positionTable, positionValues } from '../decoder/positions.ts';
import type { ParameterSet } from './parameter-set.ts';

/** The set with the table of sinusoidal or rotary positions, where the model has one that is no parameter. */
export function withPositions(gpu: Gpu, config: DecoderConfig, stored: ParameterSet): ParameterSet {
  let table: Tensor | undefined;
  try {
    // First the tensor: a context too long for the adapter is refused before its table is computed.
    table = positionTable(gpu, config);
  } catch (error) {
    stored.dispose();
    throw error;
  }
  if (!table) return stored;
  gpu.write(table, positionValues(config));
  return stored.with(POSITION_TABLE, table);
}
