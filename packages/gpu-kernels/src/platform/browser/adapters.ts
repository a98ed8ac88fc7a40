export {
  findNavigatorAdapter as findAdapter,
  findNavigatorAdapters as findAllAdapters,
} from '../../device/navigator.ts';
