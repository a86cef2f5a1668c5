/** Lets contenders take turns, A B C, C B A, A B C …, so that whatever else the machine does hits all alike. */
export async function takeTurns(contenders, { rounds, turnMs, warmUpMs }) {
  const perSecond = new Map(contenders.map(({ id }) => [id, []]));
  for (const { contender } of contenders) await contender.turn(warmUpMs);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const { id, contender } of order) perSecond.get(id).push(await contender.turn(turnMs));
  }
  return perSecond;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median over rounds of one contender's speed against another's in the same round. */
export const ratio = (of, against) => median(of.map((value, round) => value / against[round]));
