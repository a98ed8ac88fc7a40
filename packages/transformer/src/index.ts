export * from './index.browser.ts';
/* What reads and writes folders, which needs Node. */
export { type LoadedTensor, readSafetensors } from './checkpoint/read-safetensors.ts';
export { SafetensorsFile } from './checkpoint/safetensors-file.ts';
export { type ExactTensor, type NamedTensor, writeSafetensors } from './checkpoint/write-safetensors.ts';
export type { FloatDType } from './checkpoint/dtype.ts';
export { type DatasetLocation, type FileSelector, resolveDataset } from './hub/resolve-dataset.ts';
export { type ModelLocation, resolveModel } from './hub/resolve-model.ts';
export type { HubRepository } from './hub/model-id.ts';
export type { DownloadObserver } from './hub/snapshot.ts';
export { writeModel, type WriteModelOptions, writeNewModel } from './new-model.ts';
export { writeRandomCheckpoint } from './random-checkpoint.ts';
export { folderSource } from './source/folder.ts';
