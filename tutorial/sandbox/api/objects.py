"""The API's semantics over the store: the `Objects` port of `tutorial.sandbox.ports`, and what the
HTTP server needs beyond it (options of a write, collections, raw watches).

Made by `tutorial.sandbox.supervisor`; called by `tutorial.sandbox.api.server` and by the parts in this
process. Plain methods are atomic: all run in the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tutorial.sandbox.api import checks, deletion, errors, metadata, services
from tutorial.sandbox.api.bodies import check_metadata
from tutorial.sandbox.api.field_paths import FieldTypes
from tutorial.sandbox.api.managed_fields import record_update
from tutorial.sandbox.api.object_watch import ObjectWatch
from tutorial.sandbox.api.options import DeleteOptions, WriteOptions, by_control_plane
from tutorial.sandbox.ports import Admission, Advisor
from tutorial.sandbox.resources import NAMESPACE, POD, SERVICE, ResourceType
from tutorial.sandbox.schemas import DecodingError, FieldError, Schemas, invalid
from tutorial.sandbox.store.store import Store

Object = dict[str, Any]
Mutation = Callable[[Object], Object]


class ObjectsFacade:
    """Objects by type, with defaults, validation, admission, preconditions and finalizers.

    Args:
        store: where they are kept; nobody else writes to it.
        schemas: the definitions that default and validate.
        admission: changes pods on their way in; None for none.
        advisors: the parts that have something to say about what clients write.
    """

    def __init__(
        self,
        store: Store,
        schemas: Schemas,
        admission: Admission | None = None,
        advisors: Sequence[Advisor] = (),
    ) -> None:
        self.store = store
        self.schemas = schemas
        self.admission = admission
        self._advisors = advisors
        self._types: dict[str, FieldTypes] = {}

    def types(self, resource: ResourceType) -> FieldTypes:
        """The merge rules of a kind's fields."""
        if resource.schema not in self._types:
            self._types[resource.schema] = FieldTypes(self.schemas, resource)
        return self._types[resource.schema]

    def get(self, resource: ResourceType, namespace: str | None, name: str) -> Object:
        obj = self.store.get(resource, namespace if resource.namespaced else None, name)
        if obj is None:
            raise errors.not_found(resource, name)
        return as_version(resource, obj)

    def exists(self, resource: ResourceType, namespace: str | None, name: str) -> bool:
        return self.store.get(resource, namespace if resource.namespaced else None, name) is not None

    def list(
        self, resource: ResourceType, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Sequence[Object]:
        found = self.store.list(resource, namespace)
        if labels:
            wanted = labels.items()
            found = [obj for obj in found if wanted <= obj["metadata"].get("labels", {}).items()]
        return [as_version(resource, obj) for obj in found] if resource.custom else found

    def create(
        self,
        resource: ResourceType,
        namespace: str | None,
        obj: Object,
        options: WriteOptions | None = None,
    ) -> Object:
        options = options or by_control_plane()
        new = self._decode(resource, obj, options)
        checks.check_identity(resource, namespace, new)
        metadata.fill_on_create(resource, new, namespace)
        new = self.schemas.default(resource, new)
        space = checks.open_namespace(self.store, resource, namespace, new)
        asked = new
        if resource is POD:
            checks.check_references(self.store, new)
        if resource is POD and self.admission is not None and space is not None:
            new = self.schemas.default(resource, metadata.clone(self.admission.admit_pod(new, space)))
        record_update(self.types(resource), resource, {}, new, options)
        if resource is SERVICE:
            self._allocate(new)
        self._refuse(resource, new, self.schemas.validate_create(resource, new))
        if options.confirm:
            options.confirm(None, new)
        self._advise(resource, asked, options)
        metadata.drop_empty_metadata(new)
        name = new["metadata"]["name"]
        if self.store.get(resource, new["metadata"].get("namespace"), name) is not None:
            raise errors.already_exists(resource, name)
        new = metadata.in_order(new)
        if options.dry_run:
            return new
        return as_version(resource, self.store.put(resource, new))

    def update(self, resource: ResourceType, obj: Object, options: WriteOptions | None = None) -> Object:
        options = options or by_control_plane()
        old = self._present(resource, obj)
        new = self._decode(resource, obj, options)
        return self._replace(resource, old, new, options)

    def update_status(
        self, resource: ResourceType, obj: Object, options: WriteOptions | None = None
    ) -> Object:
        options = options or by_control_plane()
        options.subresource = "status"
        old = self._present(resource, obj)
        new = self._decode(resource, obj, options)
        return self._replace(resource, old, new, options)

    def modify(
        self,
        resource: ResourceType,
        namespace: str | None,
        name: str,
        change: Mutation,
        options: WriteOptions,
    ) -> Object:
        """Read, change and write back in one go: PATCH. `change` gets a copy that it may alter."""
        old = self.get(resource, namespace, name)
        new = change(metadata.clone(old))
        new["kind"], new["apiVersion"] = old["kind"], old["apiVersion"]
        check_metadata(resource, new)
        checks.check_preconditions(resource, old, new)
        checks.check_names(old, new)
        try:
            new = self._decode(resource, new, options)
        except DecodingError as error:
            raise (options.explain(error, new) if options.explain else error) from None
        return self._replace(resource, old, new, options)

    def delete(
        self,
        resource: ResourceType,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
        propagation: str = "Background",
    ) -> Object:
        options = DeleteOptions(uid=uid, grace_seconds=grace_seconds, propagation=propagation)
        return deletion.delete(self, resource, self.get(resource, namespace, name), options)

    def bind(self, pod: Object, node: str) -> Object:
        """As the pod's binding subresource: no change of its generation, and no owner of the field."""
        meta = pod["metadata"]
        bound = metadata.clone(self.get(POD, meta["namespace"], meta["name"]))
        if bound["metadata"]["uid"] != meta["uid"] or "nodeName" in bound["spec"]:
            why = f"pod {meta['name']} is already assigned to node"
            raise errors.conflict(POD, meta["name"], why)
        bound["spec"]["nodeName"] = node
        return self.store.put(POD, bound)

    def watch(self, resource: ResourceType, namespace: str | None = None) -> ObjectWatch:
        initial = self.store.list(resource, namespace)
        return ObjectWatch(self.store.watch(resource, initial=initial), resource, namespace, len(initial))

    def finalize(self, namespace: Object) -> Object:
        """Replace a namespace's `spec.finalizers` (its own subresource on the wire); without any it
        goes when it is being deleted."""
        return self.update(NAMESPACE, namespace, by_control_plane())

    def _present(self, resource: ResourceType, obj: Object) -> Object:
        meta = obj.get("metadata", {})
        old = self.get(resource, meta.get("namespace"), meta.get("name", ""))
        checks.check_preconditions(resource, old, obj)
        return old

    def _replace(self, resource: ResourceType, old: Object, new: Object, options: WriteOptions) -> Object:
        """Store `new` in place of `old`, under the rules of the (sub)resource that is written."""
        if options.subresource == "status":
            new = _only_status(old, new)
        elif "status" in resource.subresources:
            new = _all_but_status(old, new)
        if resource is NAMESPACE and not options.internal and options.subresource != "finalize":
            new["spec"] = old.get("spec", {})
        metadata.carry_over(new, old)
        new = self.schemas.default(resource, self.schemas.prepare_update(resource, old, new))
        metadata.drop_empty_metadata(new)
        if resource is SERVICE:
            self._allocate(new)
        self._refuse(resource, new, self.schemas.validate_update(resource, old, new))
        if options.confirm:
            options.confirm(old, new)
        self._advise(resource, new, options, old)
        metadata.bump_generation(resource, new, old)
        record_update(self.types(resource), resource, old, new, options)
        new = metadata.in_order(new)
        if options.dry_run or new == old:
            return new
        if deletion.is_finished(resource, new):
            return as_version(resource, self.store.remove(resource, new))
        return as_version(resource, self.store.put(resource, new))

    def _decode(self, resource: ResourceType, obj: Object, options: WriteOptions) -> Object:
        decoded, warnings = self.schemas.decode_strict(resource, obj, options.strictness, options.repeated)
        options.warnings += warnings
        return decoded

    def _advise(
        self, resource: ResourceType, obj: Object, options: WriteOptions, old: Object | None = None
    ) -> None:
        """Warn a client of what it asks for; of what a part does not act on only when it changed."""
        if options.internal or options.subresource:
            return
        options.warnings += self.schemas.advice(resource, obj)
        if old is None or old.get("spec") != obj.get("spec"):
            for advise in self._advisors:
                options.warnings += advise(resource, obj)

    def _refuse(self, resource: ResourceType, obj: Object, faults: Sequence[FieldError]) -> None:
        if faults:
            raise invalid(resource, obj["metadata"].get("name", ""), faults)

    def _allocate(self, service: Object) -> None:
        self._refuse(SERVICE, service, services.allocate(service, self.store.list(SERVICE)))


def as_version(resource: ResourceType, obj: Object) -> Object:
    """The object in the version that it is asked for in."""
    if obj["apiVersion"] == resource.api_version:
        return obj
    return {**obj, "apiVersion": resource.api_version}


def _only_status(old: Object, new: Object) -> Object:
    result = {**metadata.clone(old)}
    result.pop("status", None)
    if "status" in new:
        result["status"] = new["status"]
    return result


def _all_but_status(old: Object, new: Object) -> Object:
    new.pop("status", None)
    if "status" in old:
        new["status"] = old["status"]
    return new
