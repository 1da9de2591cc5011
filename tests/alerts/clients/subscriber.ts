// A subscriber on the client that a generator makes of docs/schema/messages.json; a type checker must understand it.

import type {
  AngerAlertMessage,
  AngerLevel,
  DistractionAlertMessage,
  DistractionLevel,
  FatigueAlertMessage,
  FatigueLevel,
  StateMessage,
} from "./messages";

type Alert = FatigueAlertMessage | AngerAlertMessage | DistractionAlertMessage;

function alertInWords(alert: Alert): string {
  let measured: string;
  switch (alert.kind) {
    case "fatigue": {
      const level: FatigueLevel = alert.level;
      measured = `${level}, closed for ${(alert.evidence.closed_s ?? 0).toFixed(1)} s`;
      break;
    }
    case "anger": {
      const level: AngerLevel = alert.level;
      measured = `${level}, score ${(alert.evidence.anger_score ?? 0).toFixed(1)}`;
      break;
    }
    case "distraction": {
      const level: DistractionLevel = alert.level;
      measured = `${level}, off the road for ${(alert.evidence.eyes_off_road_s ?? 0).toFixed(1)} s`;
      break;
    }
    default: {
      const unheardOf: never = alert;
      return unheardOf;
    }
  }
  return `${alert.kind} ${alert.phase} #${alert.sequence}, ${measured}, ${(alert.late_s ?? 0).toFixed(0)} s late`;
}

function stateInWords(state: StateMessage): string {
  return `state ${state.condition}, fatigue ${state.fatigue ?? "unknown"}, ${state.open_alerts.length} open`;
}

export function inWords(message: Alert | StateMessage): string {
  return "phase" in message ? alertInWords(message) : stateInWords(message);
}
