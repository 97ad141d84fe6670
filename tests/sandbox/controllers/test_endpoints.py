"""Services know the pods behind them; Endpoints made by hand are mirrored."""

from tutorial.sandbox.resources import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE

SERVICE_LABEL = "kubernetes.io/service-name"
WIKIPEDIA = {
    "metadata": {"name": "my-wikipedia"},
    "subsets": [
        {
            "addresses": [{"ip": "198.35.26.96"}, {"ip": "208.80.153.224"}],
            "ports": [{"port": 443, "name": "tls"}],
        }
    ],
}


def make_service(cluster, name="sleep", selector=None, **spec):
    body = {"ports": [{"port": 80, "name": "http"}], **spec}
    if selector:
        body["selector"] = selector
    return cluster.create(SERVICE, "default", {"metadata": {"name": name}, "spec": body})


def slices(cluster, name):
    return cluster.list(ENDPOINT_SLICE, "default", {SERVICE_LABEL: name})


async def test_a_service_s_pods_are_its_endpoints_when_they_are_ready(cluster):
    make_service(cluster, selector={"app": "sleep"})
    cluster.deploy()
    await cluster.settle()
    assert slices(cluster, "sleep")[0].get("endpoints", []) == []

    cluster.make_ready()
    await cluster.settle()
    (one,) = slices(cluster, "sleep")
    (endpoint,) = one["endpoints"]
    assert endpoint["addresses"] == ["10.244.0.1"]
    assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert endpoint["targetRef"]["name"] == cluster.pods()[0]["metadata"]["name"]
    assert one["ports"] == [{"name": "http", "port": 80, "protocol": "TCP"}]
    assert (
        one["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        == "endpointslice-controller.k8s.io"
    )
    assert one["metadata"]["ownerReferences"][0]["kind"] == "Service"
    subsets = cluster.get(ENDPOINTS, "default", "sleep")["subsets"]
    assert subsets[0]["addresses"][0]["ip"] == "10.244.0.1"


async def test_a_pod_that_goes_leaves_the_endpoints(cluster):
    make_service(cluster, selector={"app": "sleep"})
    cluster.deploy()
    await cluster.roll_out()
    cluster.change(replicas=0)
    await cluster.settle()

    (one,) = slices(cluster, "sleep")
    assert one.get("endpoints", []) == []


async def test_a_named_target_port_is_looked_up_in_the_pod(cluster):
    make_service(cluster, selector={"app": "web"}, ports=[{"port": 80, "targetPort": "http"}])
    container = {"name": "a", "image": "b:1", "ports": [{"name": "http", "containerPort": 8080}]}
    pod = {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [container]}}
    cluster.create(POD, "default", pod)
    cluster.make_ready()
    await cluster.settle()

    (one,) = slices(cluster, "sleep")
    assert [port["port"] for port in one["ports"]] == [8080]


async def test_endpoints_made_by_hand_are_mirrored(cluster):
    make_service(cluster, "my-wikipedia")
    endpoints = cluster.create(ENDPOINTS, "default", WIKIPEDIA)
    await cluster.settle()

    (one,) = slices(cluster, "my-wikipedia")
    assert [endpoint["addresses"] for endpoint in one["endpoints"]] == [["198.35.26.96"], ["208.80.153.224"]]
    assert one["addressType"] == "IPv4"
    assert one["ports"] == [{"name": "tls", "port": 443, "protocol": "TCP"}]
    assert one["metadata"]["name"].startswith("my-wikipedia-")
    assert one["metadata"]["labels"] == {
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
        SERVICE_LABEL: "my-wikipedia",
    }
    assert one["metadata"]["ownerReferences"][0]["uid"] == endpoints["metadata"]["uid"]


async def test_the_mirror_follows_and_goes(cluster):
    make_service(cluster, "my-wikipedia")
    endpoints = cluster.create(ENDPOINTS, "default", WIKIPEDIA)
    await cluster.settle()
    (before,) = slices(cluster, "my-wikipedia")
    subset = {**endpoints["subsets"][0], "addresses": [{"ip": "208.80.154.224"}]}
    cluster.update(ENDPOINTS, {**endpoints, "subsets": [subset]})
    await cluster.settle()

    (after,) = slices(cluster, "my-wikipedia")
    assert after["metadata"]["name"] == before["metadata"]["name"]
    assert [endpoint["addresses"] for endpoint in after["endpoints"]] == [["208.80.154.224"]]
    cluster.delete(ENDPOINTS, "default", "my-wikipedia")
    await cluster.settle()
    assert slices(cluster, "my-wikipedia") == []


async def test_endpoints_without_a_service_are_mirrored_once_there_is_one(cluster):
    cluster.create(ENDPOINTS, "default", WIKIPEDIA)
    await cluster.settle()
    assert slices(cluster, "my-wikipedia") == []

    make_service(cluster, "my-wikipedia")
    await cluster.settle()
    assert len(slices(cluster, "my-wikipedia")) == 1


async def test_an_external_name_has_no_endpoints(cluster):
    make_service(cluster, selector={"app": "sleep"})
    cluster.deploy()
    await cluster.roll_out()
    service = cluster.get(SERVICE, "default", "sleep")
    spec = {**service["spec"], "type": "ExternalName", "externalName": "httpbin.org"}
    cluster.update(SERVICE, {**service, "spec": spec})
    await cluster.settle()

    assert slices(cluster, "sleep") == []


async def test_deleting_the_service_deletes_its_slices(cluster):
    make_service(cluster, selector={"app": "sleep"})
    await cluster.settle()
    cluster.delete(SERVICE, "default", "sleep")
    await cluster.settle()

    assert slices(cluster, "sleep") == []
