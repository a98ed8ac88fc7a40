export { UserError, type UserErrorCode } from '@icl-gd/gpu-kernels/errors';
