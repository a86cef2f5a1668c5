/** Returns every series of an exposition, with its value. */
export function samplesIn(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      const value = line
        .slice(space + 1)
        .replace('Nan', 'NaN')
        .replace('+Inf', 'Infinity');
      return [line.slice(0, space), Number(value)];
    }),
  );
}
