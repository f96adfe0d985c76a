"""One waybill takes over what another has aboard on the way 转单: a diversion, a return of what was refused, a rescue."""
