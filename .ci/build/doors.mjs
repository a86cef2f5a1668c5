/** The modules that `exports` of package.json names, as paths under `src` and `dist` without their ending. */
export const DOORS = [
  'index',
  'testing/index',
  'observe/prometheus',
  'observe/dashboard/index',
  'checks/index',
];
